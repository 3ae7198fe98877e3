//! What a folder has: by the manifest, as a reader of it, and by the files, as a reader who knows of none.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;

/// The newest manifest of a table.
pub(crate) fn manifest(root: &Path, table: &str) -> Option<Value> {
    let folder = root.join(table).join("_manifests");
    let mut names: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .map(|entry| entry.unwrap().path())
        .collect();
    names.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    names.sort();
    Some(serde_json::from_slice(&fs::read(names.last()?).unwrap()).unwrap())
}

/// The paths of the files that the manifest of a resource lists for a table, with their rows.
pub(crate) fn listed(root: &Path, resource: &str, table: &str) -> Vec<(PathBuf, u64)> {
    let Some(manifest) = manifest(root, resource) else {
        return Vec::new();
    };
    let tables = manifest["tables"].as_array().unwrap();
    let table = tables.iter().find(|one| one["name"] == table);
    let files = table.map(|table| table["files"].as_array().unwrap().clone());
    let file = |file: Value| {
        (
            root.join(file["path"].as_str().unwrap()),
            file["rows"].as_u64().unwrap(),
        )
    };
    files.unwrap_or_default().into_iter().map(file).collect()
}

/// The data files below the folder of a table.
pub(crate) fn visible(root: &Path, table: &str) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut folders = vec![root.join(table)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            match entry.path().is_dir() {
                _ if name.starts_with('_') => {}
                true => folders.push(entry.path()),
                false => drop(files.insert(entry.path())),
            }
        }
    }
    files
}

/// The rows of a published table, sorted, each as its JSON. Those of CSV have texts.
pub(crate) fn rows(root: &Path, resource: &str, table: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for (path, count) in listed(root, resource, table) {
        let of_file = read(&path);
        assert_eq!(of_file.len() as u64, count, "{}", path.display());
        rows.extend(of_file);
    }
    rows.sort();
    rows
}

/// The rows of a file.
pub(crate) fn read(path: &Path) -> Vec<String> {
    let bytes = fs::read(path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    if name.ends_with(".parquet") {
        let file = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
        let rows = file.get_row_iter(None).unwrap();
        return rows
            .map(|row| row.unwrap().to_json_value().to_string())
            .collect();
    }
    let text = match name.rsplit_once('.').unwrap().1 {
        "gz" => {
            let mut text = String::new();
            std::io::Read::read_to_string(
                &mut flate2::read::MultiGzDecoder::new(&*bytes),
                &mut text,
            )
            .unwrap();
            text
        }
        _ => String::from_utf8(bytes).unwrap(),
    };
    if !name.contains(".csv") {
        return text.lines().map(str::to_owned).collect();
    }
    let mut lines = csv(&text).into_iter();
    let header = lines.next().unwrap();
    let row = |fields: Vec<Option<String>>| {
        assert_eq!(fields.len(), header.len());
        let names = header.iter().flatten().cloned();
        let fields: serde_json::Map<String, Value> =
            names.zip(fields.into_iter().map(Value::from)).collect();
        Value::Object(fields).to_string()
    };
    lines.map(row).collect()
}

/// The fields of CSV; `None` is an empty field without quotes.
fn csv(text: &str) -> Vec<Vec<Option<String>>> {
    let mut records = vec![vec![None::<String>]];
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        let record = records.last_mut().unwrap();
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                record.last_mut().unwrap().get_or_insert_default().push('"');
            }
            '"' => {
                quoted = !quoted;
                record.last_mut().unwrap().get_or_insert_default();
            }
            ',' if !quoted => record.push(None),
            '\n' if !quoted => records.push(vec![None]),
            c => record.last_mut().unwrap().get_or_insert_default().push(c),
        }
    }
    records.pop();
    records
}

/// Asserts that readers who take all files of a table read the published ones, and that no other file is left.
#[track_caller]
pub(crate) fn assert_clean(root: &Path, resource: &str, table: &str) {
    let files: BTreeSet<PathBuf> = listed(root, resource, table)
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    assert_eq!(visible(root, table), files, "{table}");
    let staging = fs::read_dir(root.join(table).join("_staging"));
    let staged: Vec<_> = staging
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(staged.is_empty(), "{staged:?}");
    let keys = fs::read_dir(root.join(table).join("_keys"));
    let keys = keys.into_iter().flatten().count();
    assert!(
        keys == 0 || keys == files.len(),
        "{keys} files of keys for {} files",
        files.len()
    );
}
