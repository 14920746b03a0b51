//! A table: its rows, which of them are shown and in which order, and the one that is chosen.
//!
//! The chosen row is known by its key, so that it stays chosen when others come, go or move.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;
use shared::timestamp::Timestamp;

use crate::cells::Cell;
use crate::columns::Column;
use crate::filter::Filter;
use crate::text::width;

/// A list of more rows than this is long.
const LONG: usize = 1000;
/// Seconds between two looks at the ages in a long list.
const LONG_TICKS: u32 = 10;

/// Rows that are kept of what the server has.
pub(crate) const MAX_ROWS: usize = 5000;

/// A row as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) cells: Rc<[Cell]>,
    /// What each cell takes.
    widths: Rc<[usize]>,
    /// What it was made of.
    value: Rc<Value>,
}

impl Row {
    fn make(key: &str, value: &Rc<Value>, columns: &[Column], now: Timestamp) -> Self {
        let cells = columns.iter().map(|column| (column.cell)(value, now));
        let cells: Rc<[Cell]> = cells.collect();
        Self {
            key: key.to_owned(),
            widths: cells.iter().map(|cell| width(&cell.text)).collect(),
            cells,
            value: value.clone(),
        }
    }
}

/// One view's rows.
#[derive(Debug, Default)]
pub(crate) struct Table {
    columns: Vec<Column>,
    values: Vec<(String, Rc<Value>)>,
    rows: Vec<Row>,
    /// The natural width of each column, of the shown rows and the header.
    widths: Vec<usize>,
    filter: Option<Filter>,
    /// The column, and whether the greatest comes first.
    sort: Option<(usize, bool)>,
    chosen: usize,
    /// The first row on the screen, where the last frame left it.
    pub(crate) top: usize,
    /// Rows came at least once.
    pub(crate) loaded: bool,
    /// The server has more.
    pub(crate) more: bool,
    /// The shown rows are not those that are known.
    unsettled: bool,
    /// All rows as they were made last, shown or not. One whose value is the same is not made anew.
    made: HashMap<String, Row>,
    /// Ticks since all were made.
    age: u32,
}

impl Table {
    /// Takes all rows in place of those before; they show when it settles.
    pub(crate) fn fill(
        &mut self,
        columns: Vec<Column>,
        mut values: Vec<(String, Rc<Value>)>,
        more: bool,
    ) {
        self.more = more || values.len() > MAX_ROWS;
        values.truncate(MAX_ROWS);
        self.loaded = true;
        self.columns = columns;
        self.values = values;
        self.unsettled = true;
    }

    /// A second has passed: ages differ. Those of a long list are counted on more seldom.
    pub(crate) fn grow_older(&mut self) {
        self.age += 1;
        if self.values.len() <= LONG || self.age >= LONG_TICKS {
            self.age = 0;
            self.made.clear();
            self.unsettled = true;
        }
    }

    /// Shows what has come since the last frame. Between two frames nothing moves: a key means
    /// what its person sees, and many changes cost as much as one.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        if self.unsettled {
            self.show(now);
        }
    }

    /// Forgets all rows: others are about to come.
    pub(crate) fn clear(&mut self) {
        let filter = self.filter.take();
        *self = Self {
            filter,
            ..Self::default()
        };
    }

    /// Makes the shown rows anew.
    fn show(&mut self, now: Timestamp) {
        self.unsettled = false;
        let chosen = self.chosen_row().map(|row| row.key.clone());
        let mut made = HashMap::with_capacity(self.values.len());
        let mut rows: Vec<Row> = Vec::with_capacity(self.values.len());
        for (key, value) in &self.values {
            let row = match self.made.remove(key) {
                Some(row) if Rc::ptr_eq(&row.value, value) => row,
                _ => Row::make(key, value, &self.columns, now),
            };
            if self.takes(&row) {
                rows.push(row.clone());
            }
            made.insert(key.clone(), row);
        }
        self.made = made;
        if let Some((column, descending)) = self.sort {
            rows.sort_by(|one, other| {
                let order = compare(one.cells.get(column), other.cells.get(column));
                if descending { order.reverse() } else { order }
            });
        }
        let widths = self.columns.iter().enumerate().map(|(at, column)| {
            let widest = rows.iter().filter_map(|row| row.widths.get(at)).max();
            widest.copied().unwrap_or(0).max(column.header.len())
        });
        self.widths = widths.collect();
        let found = chosen.and_then(|key| rows.iter().position(|row| row.key == key));
        self.chosen = found
            .unwrap_or(self.chosen)
            .min(rows.len().saturating_sub(1));
        self.rows = rows;
    }

    fn takes(&self, row: &Row) -> bool {
        let Some(filter) = &self.filter else {
            return true;
        };
        row.cells.iter().any(|cell| filter.takes(&cell.text))
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(crate) fn widths(&self) -> &[usize] {
        &self.widths
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Rows that there are, shown or not.
    pub(crate) fn total(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    pub(crate) fn set_filter(&mut self, typed: &str, now: Timestamp) {
        self.filter = Filter::new(typed);
        self.show(now);
    }

    /// The place of the chosen row; always one of the shown, where any is shown.
    pub(crate) const fn chosen(&self) -> usize {
        self.chosen
    }

    pub(crate) fn chosen_row(&self) -> Option<&Row> {
        self.rows.get(self.chosen)
    }

    /// What the chosen row is made of; nothing where that is gone already.
    pub(crate) fn chosen_value(&self) -> Option<&Value> {
        self.value(&self.chosen_row()?.key)
    }

    /// What the row with a key is made of.
    pub(crate) fn value(&self, key: &str) -> Option<&Value> {
        let mut values = self.values.iter();
        values
            .find(|(other, _)| other == key)
            .map(|(_, value)| &**value)
    }

    /// Chooses the row so many places further, within bounds.
    pub(crate) fn step(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(1);
        self.chosen = self.chosen.saturating_add_signed(by).min(last);
    }

    /// Sorts by the next column; behind the last in the server's order again.
    pub(crate) fn sort_next(&mut self, now: Timestamp) {
        self.sort = match self.sort {
            None if self.columns.is_empty() => None,
            None => Some((0, false)),
            Some((column, descending)) if column + 1 < self.columns.len() => {
                Some((column + 1, descending))
            }
            Some(_) => None,
        };
        self.show(now);
    }

    /// Turns the order around.
    pub(crate) fn sort_reverse(&mut self, now: Timestamp) {
        let (column, descending) = self.sort.unwrap_or((0, false));
        self.sort = Some((column, !descending));
        self.show(now);
    }

    /// The header of the column that it is sorted by, and whether the greatest comes first.
    pub(crate) fn sorted_by(&self) -> Option<(&'static str, bool)> {
        let (column, descending) = self.sort?;
        Some((self.columns.get(column)?.header, descending))
    }
}

/// Quantities by size, before texts; texts as in a dictionary.
fn compare(one: Option<&Cell>, other: Option<&Cell>) -> std::cmp::Ordering {
    use std::cmp::Ordering;
    let (Some(one), Some(other)) = (one, other) else {
        return Ordering::Equal;
    };
    match (one.number, other.number) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => one.text.cmp(&other.text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::columns::columns;
    use crate::feed::By;
    use crate::view::View;

    fn table(names: &[(&str, u32)]) -> Table {
        let mut table = Table::default();
        fill(&mut table, names);
        table
    }

    fn fill(table: &mut Table, names: &[(&str, u32)]) {
        let values = names.iter().map(|(name, requests)| {
            (
                name.to_string(),
                Rc::new(json!({"llm": name, "requests": requests})),
            )
        });
        let columns = columns(View::Usage, By::Llm);
        table.fill(columns, values.collect(), false);
        table.settle(Timestamp::default());
    }

    fn shown(table: &Table) -> Vec<&str> {
        table.rows().iter().map(|row| row.key.as_str()).collect()
    }

    #[test]
    fn the_chosen_row_stays_chosen_wherever_it_goes() {
        let mut table = table(&[("a", 1), ("b", 2), ("c", 3)]);
        table.step(1);
        fill(&mut table, &[("x", 1), ("a", 1), ("y", 1), ("b", 2)]);
        assert_eq!(table.chosen_row().unwrap().key, "b");
        fill(&mut table, &[("a", 1)]);
        assert_eq!(table.chosen_row().unwrap().key, "a", "`b` is gone");
        fill(&mut table, &[]);
        assert!(table.chosen_row().is_none() && table.chosen() == 0);
        table.step(5);
        table.step(-5);
    }

    #[test]
    fn numbers_sort_as_numbers_and_a_filter_looks_into_every_cell() {
        let now = Timestamp::default();
        let mut table = table(&[("a", 9), ("b", 1000), ("c", 10)]);
        table.sort_next(now);
        table.sort_next(now);
        assert_eq!(shown(&table), ["a", "c", "b"]);
        table.sort_reverse(now);
        assert_eq!(shown(&table), ["b", "c", "a"]);
        assert_eq!(table.sorted_by(), Some(("REQUESTS", true)));
        table.set_filter("1,0", now);
        assert_eq!(shown(&table), ["b"]);
        assert_eq!(table.total(), 3);
    }
}
