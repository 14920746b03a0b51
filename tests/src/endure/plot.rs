//! The curves as a drawing (SVG), for a page of the documentation.

use super::curves::{Curves, Sample};
use std::fmt::Write as _;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 170.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 34.0;
/// From the top of one panel to that of the next.
const STEP: f64 = HEIGHT + 64.0;
const COLOURS: [&str; 2] = ["#0b6bcb", "#c2410c"];
const NAMES: [&str; 2] = ["mcpd", "mcplocal"];
/// Lines of the grid, each way.
const GRID: u32 = 5;

/// Draws memory above, open files below, and a tick for each fault.
pub(super) fn draw(curves: &Curves) -> String {
    let lines = [&curves.server, &curves.publisher];
    let last = lines.iter().filter_map(|line| line.last());
    let seconds = last
        .map(|sample| sample.at.as_secs_f64())
        .fold(1.0, f64::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        LEFT + WIDTH + 20.0,
        TOP + 2.0 * STEP,
    );
    let mib = |sample: &Sample| sample.kib as f64 / 1024.0;
    let files = |sample: &Sample| sample.files as f64;
    panel(&mut svg, TOP, "Memory, MiB", seconds, lines, curves, mib);
    panel(
        &mut svg,
        TOP + STEP,
        "Open files",
        seconds,
        lines,
        curves,
        files,
    );
    svg.push_str("</svg>\n");
    svg
}

fn panel(
    svg: &mut String,
    top: f64,
    title: &str,
    seconds: f64,
    lines: [&Vec<Sample>; 2],
    curves: &Curves,
    value: impl Fn(&Sample) -> f64,
) {
    let highest = lines.iter().flat_map(|line| line.iter().map(&value));
    let highest = (highest.fold(1.0, f64::max) / f64::from(GRID)).ceil() * f64::from(GRID);
    let x = |at: f64| LEFT + WIDTH * at / seconds;
    let y = |value: f64| top + HEIGHT * (1.0 - value / highest);
    let bottom = y(0.0);
    text(svg, LEFT, top - 12.0, "start", title);
    for n in 0..=GRID {
        let share = f64::from(n) / f64::from(GRID);
        let (height, at) = (y(highest * share), seconds * share);
        let end = LEFT + WIDTH;
        put(
            svg,
            &format!("<path d=\"M{LEFT} {height:.1}H{end}\" stroke=\"#ddd\"/>"),
        );
        text(
            svg,
            LEFT - 8.0,
            height + 4.0,
            "end",
            &format!("{:.0}", highest * share),
        );
        text(
            svg,
            x(at),
            bottom + 18.0,
            "middle",
            &format!("{:.1} min", at / 60.0),
        );
    }
    for (at, _) in &curves.faults {
        let at = x(at.as_secs_f64());
        put(
            svg,
            &format!("<path d=\"M{at:.1} {bottom:.1}v-6\" stroke=\"#777\"/>"),
        );
    }
    for (n, line) in lines.into_iter().enumerate() {
        let points: Vec<_> = line
            .iter()
            .map(|sample| format!("{:.1},{:.1}", x(sample.at.as_secs_f64()), y(value(sample))))
            .collect();
        let colour = COLOURS[n];
        put(
            svg,
            &format!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\"/>",
                points.join(" ")
            ),
        );
        let at = LEFT + WIDTH - 150.0 + 80.0 * n as f64;
        put(svg, &format!("<g fill=\"{colour}\">"));
        text(svg, at, top - 12.0, "start", NAMES[n]);
        put(svg, "</g>");
    }
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    put(
        svg,
        &format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"),
    );
}

fn put(svg: &mut String, line: &str) {
    // Writing into a string does not fail.
    let _ = writeln!(svg, "{line}");
}
