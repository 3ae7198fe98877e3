//! What is printed.

use std::{
    error::Error,
    fs,
    io::{self, IsTerminal, Write},
};

use rest_source_load::Progress;
use rusqlite::{Connection, types::Value};

pub(crate) fn heading(text: &str) {
    println!("\n{text}\n{}\n", "─".repeat(text.chars().count()));
}

/// Shows how far a load has come, on a line that is written over, where there is a terminal.
pub(crate) fn progress() -> impl FnMut(Progress) + Send {
    let line = Line {
        terminal: io::stdout().is_terminal(),
    };
    move |progress| {
        let (resource, rows, pages) = (progress.resource, progress.rows, progress.pages);
        line.write(&format!("{resource}: page {pages}, {rows} rows"));
    }
}

/// The line that is written over. It is empty in the end.
struct Line {
    terminal: bool,
}

impl Line {
    fn write(&self, text: &str) {
        if self.terminal {
            print!("\r\x1b[K{text}");
            // It is only for the eye.
            let _ = io::stdout().flush();
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.write("");
    }
}

/// Takes away the database of an earlier run, so that the first load is a first load.
pub(crate) fn remove(database: &str) -> io::Result<()> {
    for file in ["", "-wal", "-shm"].map(|suffix| format!("{database}{suffix}")) {
        if fs::exists(&file)? {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}

/// Prints the rows of a query below the names of their columns.
pub(crate) fn query(database: &Connection, query: &str) -> Result<(), Box<dyn Error>> {
    let mut statement = database.prepare(query)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    println!("{}", line(&names));
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let cells: Result<Vec<String>, _> =
            (0..names.len()).map(|at| row.get(at).map(text)).collect();
        println!("{}", line(&cells?));
    }
    Ok(())
}

fn line(cells: &[String]) -> String {
    let cells = cells.iter().map(|cell| format!("{cell:<12}"));
    cells.collect::<String>().trim_end().to_owned()
}

fn text(value: Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => format!("{value:.2}"),
        Value::Text(value) => value,
        Value::Blob(value) => format!("{} bytes", value.len()),
    }
}
