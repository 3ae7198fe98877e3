//! The tables of `ends.md`.

use std::collections::BTreeMap;

use crate::{
    server::{Page, Total},
    spec::Paginator,
};

pub(crate) struct Tables {
    pub(crate) ends: Vec<End>,
    /// What follows from an outcome, by the name of the outcome and of the mode.
    rules: BTreeMap<(String, String), Rule>,
}

/// A row of the first table.
pub(crate) struct End {
    pub(crate) name: String,
    /// The keys of the paginator and of the endpoint.
    pub(crate) keys: serde_yaml::Mapping,
    pub(crate) total: Option<Total>,
    pub(crate) pages: Vec<Page>,
    outcomes: BTreeMap<String, Outcome>,
}

/// How a fetch ends.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    /// The number of records that arrive.
    pub(crate) records: usize,
    /// Those of them before the first page that is missing.
    pub(crate) before_gap: usize,
}

/// A cell of the second table.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) exit: u8,
    words: Vec<String>,
}

impl Rule {
    pub(crate) fn says(&self, word: &str) -> bool {
        self.words.iter().any(|one| one == word)
    }
}

impl End {
    pub(crate) fn outcome(&self, paginator: &Paginator) -> &Outcome {
        &self.outcomes[paginator.column]
    }
}

impl Tables {
    /// # Errors
    ///
    /// Where a table does not read as the page describes it.
    pub(crate) fn read(page: &str) -> Result<Self, String> {
        let mut ends = Vec::new();
        for row in rows(page, "end")? {
            ends.push(end(&row).map_err(|error| format!("{}: {error}", row["end"]))?);
        }
        let mut rules = BTreeMap::new();
        for row in rows(page, "outcome")? {
            for (mode, cell) in row.iter().filter(|(_, cell)| !cell.is_empty()) {
                let Some((exit, words)) = cell.split_once(' ') else {
                    continue;
                };
                let rule = Rule {
                    exit: exit
                        .parse()
                        .map_err(|_| format!("not an exit code: {cell}"))?,
                    words: words.split(' ').map(str::to_owned).collect(),
                };
                rules.insert((row["outcome"].clone(), mode.clone()), rule);
            }
        }
        Ok(Self { ends, rules })
    }

    pub(crate) fn rule(&self, outcome: &str, mode: &str) -> Option<&Rule> {
        self.rules.get(&(outcome.to_owned(), mode.to_owned()))
    }
}

/// The rows of the table whose first column has this name, each by the names of the columns. A list of words
/// is not one.
fn rows(page: &str, first: &str) -> Result<Vec<BTreeMap<String, String>>, String> {
    let mut lines = page.lines().map(cells);
    let is_header = |cells: &Vec<String>| cells.len() > 2 && cells[0] == first;
    let header = lines
        .find(is_header)
        .ok_or(format!("no table of {first}"))?;
    let table = lines.skip(1).take_while(|cells| !cells.is_empty());
    table
        .map(|cells| {
            if cells.len() != header.len() {
                return Err(format!("{} cells: {cells:?}", cells.len()));
            }
            Ok(header.iter().cloned().zip(cells).collect())
        })
        .collect()
}

fn cells(line: &str) -> Vec<String> {
    let Some(line) = line.strip_prefix('|') else {
        return Vec::new();
    };
    let line = line.trim_end().trim_end_matches('|');
    line.split('|').map(|cell| cell.trim().to_owned()).collect()
}

fn end(row: &BTreeMap<String, String>) -> Result<End, String> {
    let pages: Vec<Page> = row["pages"]
        .split(' ')
        .map(Page::read)
        .collect::<Result<_, _>>()?;
    let all = pages.iter().map(Page::records).sum();
    let columns = row
        .iter()
        .filter(|(column, _)| !["end", "keys", "total", "pages"].contains(&column.as_str()));
    let outcomes = columns.map(|(column, cell)| {
        let (name, numbers) = cell.split_once(' ').unwrap_or((cell, ""));
        let (records, before_gap) = numbers.split_once('/').unwrap_or((numbers, numbers));
        let number = |text: &str| match text {
            "" => Ok(all),
            text => text.parse().map_err(|_| format!("not a number: {cell}")),
        };
        let outcome = Outcome {
            name: name.to_owned(),
            records: number(records)?,
            before_gap: number(before_gap)?,
        };
        Ok((column.clone(), outcome))
    });
    let keys = format!("{{ {} }}", row["keys"]);
    Ok(End {
        name: row["end"].clone(),
        keys: serde_yaml::from_str(&keys).map_err(|error| error.to_string())?,
        total: match row["total"].as_str() {
            "" => None,
            total => Some(Total::read(total)?),
        },
        outcomes: outcomes.collect::<Result<_, String>>()?,
        pages,
    })
}
