//! The data files that a load writes, before they are published.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use rest_source::{Result, Row, Rows};
use rest_source_load::{Target, Writing};

use crate::{
    formats::{self, Cell, Encoder, STAGED},
    keys::{KeyColumns, KeyFile, KeyLog, NOWHERE, Place, Positions, RowKeys},
    layout::Layout,
    options::Options,
    storage::failed,
};

/// How the files of a resource are written.
#[derive(Debug)]
pub(crate) struct WritePlan {
    pub(crate) target: Target,
    pub(crate) options: Options,
    /// Of the table of the resource, then of those of its nested lists.
    pub(crate) layouts: Vec<Layout>,
    /// The keys of the rows; `None` if they are appended, or have none.
    pub(crate) keys: Option<KeyColumns>,
    /// A local folder for files that are not published yet.
    pub(crate) staging: PathBuf,
}

impl WritePlan {
    /// The layouts of the table of a resource, then of those of its nested lists.
    pub(crate) fn layouts(target: &Target, options: &Options) -> Vec<Layout> {
        let own = Layout::of_resource(target, &options.partition_by);
        let children = target.child_tables();
        std::iter::once(own)
            .chain(children.iter().map(|child| Layout::of_list(target, child)))
            .collect()
    }

    pub(crate) fn new(
        target: &Target,
        options: &Options,
        layouts: Vec<Layout>,
        seed: u64,
        staging: PathBuf,
    ) -> Self {
        let table = &target.resource.table;
        let positions = |names: &mut dyn Iterator<Item = &str>| -> Vec<usize> {
            names.filter_map(|name| table.position(name)).collect()
        };
        let key = positions(&mut target.key());
        let group = positions(&mut target.merge_key());
        let is_keyed = target.writing != Writing::Append && !(key.is_empty() && group.is_empty());
        Self {
            layouts,
            keys: is_keyed.then_some(KeyColumns { seed, key, group }),
            target: target.clone(),
            options: options.clone(),
            staging,
        }
    }

    /// Whether the rows have a primary key.
    pub(crate) fn has_key(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| !keys.key.is_empty())
    }

    /// Whether the rows have a merge key.
    pub(crate) fn has_group(&self) -> bool {
        self.keys
            .as_ref()
            .is_some_and(|keys| !keys.group.is_empty())
    }
}

/// A data file that is written, or was.
pub(crate) struct WrittenFile {
    pub(crate) staged: PathBuf,
    pub(crate) name: String,
    pub(crate) partition: String,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// The file with its rows' keys.
    pub(crate) keys: Option<PathBuf>,
    /// Rows that a later one replaces.
    pub(crate) dropped: Positions,
    open: Option<OpenFile>,
}

struct OpenFile {
    encoder: Box<dyn Encoder>,
    keys: Option<KeyFile>,
}

impl WrittenFile {
    fn finish(&mut self) -> Result<()> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        open.encoder.finish()?;
        self.keys = open.keys.map(KeyFile::finish).transpose()?;
        let found = fs::metadata(&self.staged);
        self.bytes = found
            .map_err(|error| failed("read", &self.staged, &error))?
            .len();
        Ok(())
    }
}

impl Drop for WrittenFile {
    fn drop(&mut self) {
        // They are gone if they were published; the next load removes those that cannot be removed now.
        let _ = fs::remove_file(&self.staged);
        let _ = fs::remove_file(key_file(&self.staged));
    }
}

/// The written files of one table.
#[derive(Default)]
struct TableOutput {
    files: Vec<WrittenFile>,
    /// The numbers of the open ones, by partition.
    open: BTreeMap<String, usize>,
}

/// The most files open at once, of the partitions of a table.
const MAX_OPEN: usize = 64;

/// The written files of a resource.
pub(crate) struct Output {
    plan: Arc<WritePlan>,
    tables: Vec<TableOutput>,
    log: Option<KeyLog>,
    names: Names,
    rows: u64,
}

/// Names for the files of one load of a resource.
#[derive(Debug)]
pub(crate) struct Names {
    run: String,
    ending: String,
    next: u32,
}

impl Names {
    pub(crate) fn new(plan: &WritePlan) -> Self {
        Self {
            run: plan.target.run.to_string(),
            ending: formats::ending(plan.options.format, plan.options.compression()),
            next: 0,
        }
    }

    pub(crate) fn next(&mut self) -> String {
        self.next += 1;
        format!("{}-{:06}{}", self.run, self.next, self.ending)
    }
}

/// The load that wrote a file of this name; `None` if no load did.
pub(crate) fn run_of(name: &str) -> Option<&str> {
    let (run, rest) = name.rsplit_once('-').unwrap_or((name, ""));
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let ends = rest.as_bytes().get(digits).is_none_or(|byte| *byte == b'.');
    (digits >= 6 && ends && rest_source_load::is_run_id(run)).then_some(run)
}

impl Output {
    pub(crate) fn new(plan: Arc<WritePlan>) -> Self {
        Self {
            names: Names::new(&plan),
            tables: plan
                .layouts
                .iter()
                .map(|_| TableOutput::default())
                .collect(),
            log: None,
            rows: 0,
            plan,
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    pub(crate) fn names(&mut self) -> &mut Names {
        &mut self.names
    }

    /// The finished files of a table.
    pub(crate) fn files(&mut self, table: usize) -> &mut Vec<WrittenFile> {
        &mut self.tables[table].files
    }

    pub(crate) fn log(&mut self) -> Option<&mut KeyLog> {
        self.log.as_mut()
    }

    /// Forgets the written files.
    pub(crate) fn clear(&mut self) {
        self.tables = self
            .plan
            .layouts
            .iter()
            .map(|_| TableOutput::default())
            .collect();
        self.log = None;
        self.rows = 0;
    }

    /// Writes the rows of a page.
    pub(crate) fn write(&mut self, rows: &Rows) -> Result<()> {
        let plan = Arc::clone(&self.plan);
        let mut buffer = Vec::new();
        let mut partition = String::new();
        let mut places = Vec::new();
        let mut cells = Vec::new();
        for row in rows {
            self.rows += 1;
            let keys = plan.keys.as_ref().map(|keys| keys.of(row, &mut buffer));
            places.clear();
            if plan.target.is_deletion(row) {
                let nowhere = Place {
                    file: NOWHERE,
                    row: 0,
                    count: 0,
                };
                places.extend(plan.layouts.iter().map(|_| nowhere));
            } else {
                for at in 0..plan.layouts.len() {
                    places.push(self.write_row(
                        &plan,
                        at,
                        row,
                        keys,
                        &mut partition,
                        &mut cells,
                    )?);
                }
            }
            if let Some(keys) = keys {
                let log = self.log.get_or_insert_with(|| {
                    let name = format!("{}-{:06}.log", plan.target.run, 0);
                    KeyLog::new(plan.staging.join(name), plan.layouts.len())
                });
                log.push(keys, &places)?;
            }
        }
        Ok(())
    }

    /// Writes the rows that a record has in one of the tables.
    fn write_row<'p>(
        &mut self,
        plan: &'p WritePlan,
        table: usize,
        row: Row<'p>,
        keys: Option<RowKeys>,
        partition: &mut String,
        cells: &mut Vec<Cell<'p>>,
    ) -> Result<Place> {
        let layout = &plan.layouts[table];
        if layout.list_is_empty(row) {
            return Ok(Place {
                file: NOWHERE,
                row: 0,
                count: 0,
            });
        }
        if layout.is_partitioned() {
            layout.partition(row, partition);
        } else {
            partition.clear();
        }
        let number = self.file(plan, table, partition)?;
        let file = &mut self.tables[table].files[number];
        let first = file.rows;
        let Some(open) = &mut file.open else {
            return Ok(Place {
                file: NOWHERE,
                row: 0,
                count: 0,
            });
        };
        let count = &mut file.rows;
        layout.rows(&plan.target, row, cells, |cells| {
            open.encoder.write(cells)?;
            if let (Some(file), Some(keys)) = (&mut open.keys, keys) {
                file.write(keys)?;
            }
            *count += 1;
            Ok(())
        })?;
        Ok(Place {
            file: u32::try_from(number).unwrap_or(NOWHERE),
            row: first,
            count: u32::try_from(file.rows - first).unwrap_or(u32::MAX),
        })
    }

    /// The number of the open file of a partition.
    fn file(&mut self, plan: &WritePlan, table: usize, partition: &str) -> Result<usize> {
        let output = &mut self.tables[table];
        if let Some(number) = output.open.get(partition) {
            let file = &mut output.files[*number];
            let is_full = file
                .open
                .as_ref()
                .is_none_or(|open| open.encoder.bytes() >= plan.options.roll_at);
            if !is_full {
                return Ok(*number);
            }
            file.finish()?;
            output.open.remove(partition);
        }
        if output.open.len() >= MAX_OPEN {
            for number in std::mem::take(&mut output.open).into_values() {
                output.files[number].finish()?;
            }
        }
        let number = output.files.len();
        let file = create(plan, table, partition, self.names.next())?;
        output.files.push(file);
        output.open.insert(partition.to_owned(), number);
        Ok(number)
    }

    /// Completes the open files.
    pub(crate) fn finish(&mut self) -> Result<()> {
        for table in &mut self.tables {
            table.open.clear();
            for file in &mut table.files {
                file.finish()?;
            }
        }
        Ok(())
    }
}

fn create(plan: &WritePlan, table: usize, partition: &str, name: String) -> Result<WrittenFile> {
    let staged = staged(&plan.staging, &name);
    let (format, compression) = (plan.options.format, plan.options.compression());
    let encoder = formats::create(format, compression, &plan.layouts[table], &staged)?;
    let keys = match &plan.keys {
        Some(_) => Some(KeyFile::create(key_file(&staged), plan.has_group())?),
        None => None,
    };
    Ok(WrittenFile {
        staged,
        name,
        partition: partition.to_owned(),
        rows: 0,
        bytes: 0,
        keys: None,
        dropped: Positions::default(),
        open: Some(OpenFile { encoder, keys }),
    })
}

/// Where a file is before it is published.
pub(crate) fn staged(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{STAGED}"))
}

/// Where the keys of a staged file are.
pub(crate) fn key_file(staged: &Path) -> PathBuf {
    let mut name = staged.as_os_str().to_owned();
    name.push(".keys");
    name.into()
}

impl WrittenFile {
    /// A file that was written as a whole.
    pub(crate) fn finished(
        staged: PathBuf,
        name: String,
        partition: String,
        rows: u64,
        keys: Option<PathBuf>,
    ) -> Result<Self> {
        let found = fs::metadata(&staged).map_err(|error| failed("read", &staged, &error))?;
        Ok(Self {
            bytes: found.len(),
            staged,
            name,
            partition,
            rows,
            keys,
            dropped: Positions::default(),
            open: None,
        })
    }
}
