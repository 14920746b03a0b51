//! Tables as `kubectl` prints them: upper-case headers, two blanks between columns, no borders.

use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, Width, presets};

use super::sanitise::one_line;

/// How far columns are cut, in terminal cells: all to the first before any to the next.
const CUT_TO: [u16; 3] = [12, 6, 3];
/// The blanks behind a column.
const GAP: u16 = 2;

/// Renders rows below their headers.
///
/// Shape: each row has as many cells as there are headers; an empty cell shows `-`.
/// Units: `width` is the terminal's, in cells; without one nothing is cut.
pub(crate) fn render(headers: Option<&[&str]>, rows: &[Vec<String>], width: Option<u16>) -> String {
    let mut table = new_table();
    if let Some(headers) = headers {
        let mut row = Row::from(headers.to_vec());
        row.max_height(1);
        table.set_header(row);
    }
    for cells in rows {
        table.add_row(to_row(cells));
    }
    if let Some(width) = width {
        let widths = fitting(table.column_max_content_widths(), width);
        constrain(&mut table, &widths);
    }
    finish(&mut table)
}

/// Renders one more row of a table that was printed before.
///
/// Units: `widths` are those of the columns as printed; a longer cell is cut where the table had a
/// `width` to fit in, else it moves what follows.
pub(crate) fn render_row(cells: &[String], widths: &[u16], width: Option<u16>) -> String {
    let mut table = new_table();
    table.add_row(to_row(cells));
    match width {
        Some(_) => constrain(&mut table, widths),
        None => {
            let constraints = widths
                .iter()
                .map(|width| ColumnConstraint::LowerBoundary(Width::Fixed(width + GAP)));
            table.set_constraints(constraints);
        }
    }
    finish(&mut table)
}

/// How wide each column of [`render`]'s table is when nothing is cut.
pub(crate) fn widths(headers: &[&str], rows: &[Vec<String>]) -> Vec<u16> {
    let mut table = new_table();
    table.set_header(headers.to_vec());
    for cells in rows {
        table.add_row(to_row(cells));
    }
    table.column_max_content_widths()
}

/// The same for a table that has to fit in `width`, where there is one.
pub(crate) fn widths_within(
    headers: &[&str],
    rows: &[Vec<String>],
    width: Option<u16>,
) -> Vec<u16> {
    let widths = widths(headers, rows);
    match width {
        Some(width) => fitting(widths, width),
        None => widths,
    }
}

fn new_table() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_truncation_indicator("…");
    table
}

fn to_row(cells: &[String]) -> Row {
    let cells = cells.iter().map(|cell| match one_line(cell) {
        cell if cell.is_empty() => "-".into(),
        cell => cell,
    });
    let mut row = Row::from(cells.collect::<Vec<_>>());
    row.max_height(1);
    row
}

/// Cuts the widest columns until the table fits; the first one, the name, is cut last.
fn fitting(mut widths: Vec<u16>, width: u16) -> Vec<u16> {
    let gaps = GAP * u16::try_from(widths.len().saturating_sub(1)).unwrap_or(0);
    let wanted = |widths: &[u16]| {
        let sum: u32 = widths.iter().map(|w| u32::from(*w)).sum();
        sum + u32::from(gaps)
    };
    // A second round takes the names in.
    for (kept, floor) in CUT_TO.map(|floor| (1, floor)).into_iter().chain([(0, 3)]) {
        while wanted(&widths) > u32::from(width) {
            let cut = widths.iter_mut().skip(kept);
            match cut.max_by_key(|w| **w).filter(|w| **w > floor) {
                Some(widest) => *widest -= 1,
                None => break,
            }
        }
    }
    widths
}

fn constrain(table: &mut Table, widths: &[u16]) {
    let last = widths.len().saturating_sub(1);
    let constraints = widths.iter().enumerate().map(|(at, width)| {
        let gap = if at == last { 0 } else { GAP };
        ColumnConstraint::Absolute(Width::Fixed(width + gap))
    });
    table.set_constraints(constraints.collect::<Vec<_>>());
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::MAX);
}

fn finish(table: &mut Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    let last = table.column_count().saturating_sub(1);
    if let Some(column) = table.column_mut(last) {
        column.set_padding((0, 0));
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        let row = |cells: [&str; 3]| cells.map(String::from).to_vec();
        vec![
            row(["laptop", "llama3.2:3b", "x"]),
            row(["你好", "Qwen/Qwen2.5-7B-Instruct-AWQ", ""]),
        ]
    }

    #[test]
    fn a_piped_table_is_never_cut() {
        insta::assert_snapshot!(render(Some(&["NAME", "MODEL", "ID"]), &rows(), None), @r"
        NAME    MODEL                         ID
        laptop  llama3.2:3b                   x
        你好    Qwen/Qwen2.5-7B-Instruct-AWQ  -
        ");
    }

    #[test]
    fn a_narrow_terminal_cuts_the_widest_column() {
        insta::assert_snapshot!(render(Some(&["NAME", "MODEL", "ID"]), &rows(), Some(24)), @r"
        NAME    MODEL         ID
        laptop  llama3.2:3b   x
        你好    Qwen/Qwen2.…  -
        ");
    }

    #[test]
    fn a_later_row_is_cut_as_the_table_was() {
        let widths = widths_within(&["NAME", "MODEL", "ID"], &rows(), Some(24));
        let row = ["laptop", "a-model-with-a-long-name", "x"].map(String::from);
        assert_eq!(
            render_row(&row, &widths, Some(24)),
            "laptop  a-model-wit…  x\n"
        );
        assert_eq!(
            render_row(&row, &widths, None),
            "laptop  a-model-with-a-long-name  x\n"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in 13..60 {
            for line in render(Some(&["NAME", "MODEL", "ID"]), &rows(), Some(width)).lines() {
                let wide = line.chars().filter(|c| !c.is_ascii() && *c != '…').count();
                assert!(
                    line.chars().count() + wide <= usize::from(width),
                    "{width}: {line}"
                );
            }
        }
    }

    #[test]
    fn a_line_end_in_a_cell_does_not_break_the_table() {
        let row = vec![vec!["a\nb\u{1b}[2J".into(), "c".into()]];
        assert_eq!(render(None, &row, None), "a b  c\n");
    }
}
