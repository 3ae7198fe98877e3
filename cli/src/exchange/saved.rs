//! Responses that are kept as files.

use std::{
    collections::HashSet,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use rest_source::transport::Headers;
use serde::{Deserialize, Serialize};

use super::{Exchange, FetchRecord, Outcome, Redaction, StartClock, recording::LONGEST_BODY};
use crate::{error::CommandError, spec::shown};

/// The end of the name of a file that describes a page.
const DESCRIPTION: &str = ".exchange.json";

/// What the file `.exchange.json` holds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Description {
    pub(crate) resource: String,
    pub(crate) request: SavedRequest,
    pub(crate) response: SavedResponse,
    /// The name of the file with the body.
    pub(crate) body: String,
    /// Whether secrets in the body were replaced.
    pub(crate) redacted: bool,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SavedRequest {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) body: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SavedResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) milliseconds: u64,
}

/// A folder that the responses of a fetch are saved in, and what is needed to replay it.
pub(crate) struct PageFolder {
    folder: PathBuf,
    resource: String,
    record: FetchRecord,
    clock: StartClock,
    /// The number of responses saved, and of pages among them.
    saved: usize,
    saved_pages: usize,
}

impl PageFolder {
    /// Opens or creates the folder.
    ///
    /// # Errors
    ///
    /// If it has pages of this resource already: two fetches would be mixed.
    pub(crate) fn create(
        folder: &Path,
        resource: &str,
        record: FetchRecord,
        clock: StartClock,
    ) -> Result<Self, CommandError> {
        let unwritable = |error: io::Error| {
            CommandError::usage(format!("cannot write to `{}`: {error}", shown(folder)))
        };
        fs::create_dir_all(folder).map_err(unwritable)?;
        let this = Self {
            folder: folder.to_owned(),
            resource: resource.to_owned(),
            record,
            clock,
            saved: 0,
            saved_pages: 0,
        };
        if this.path(1, DESCRIPTION).exists() {
            return Err(CommandError::usage(format!(
                "`{}` has pages of `{resource}` already\n  help: name another folder, or delete them",
                shown(folder)
            )));
        }
        Ok(this)
    }

    fn path(&self, number: usize, end: &str) -> PathBuf {
        self.folder
            .join(format!("{}-{number:04}{end}", self.resource))
    }

    /// Saves the responses of those exchanges that are not for credentials, without secrets.
    pub(crate) fn save(
        &mut self,
        exchanges: &[Exchange],
        redaction: &Redaction<'_>,
    ) -> Result<(), CommandError> {
        for exchange in exchanges.iter().filter(|one| !one.is_for_credentials) {
            self.save_response(exchange, redaction)?;
        }
        Ok(())
    }

    fn save_response(
        &mut self,
        exchange: &Exchange,
        redaction: &Redaction<'_>,
    ) -> Result<(), CommandError> {
        let Outcome::Response {
            status,
            headers,
            body,
        } = &exchange.outcome
        else {
            return Ok(());
        };
        let is_page = exchange.is_page();
        // The rest of a body that was not a page is of no use.
        if is_page && (body.omitted > 0 || !body.is_whole) {
            return Err(CommandError::failed(format!(
                "a page of `{}` is too long or not whole, and was not saved: {} bytes of it arrived",
                self.resource,
                body.bytes.len() + body.omitted
            )));
        }
        if self.saved == 0 {
            let folder = &self.folder;
            let written = self
                .record
                .write(folder, &self.resource, &self.clock, redaction);
            written.map_err(|error| {
                CommandError::failed(format!("cannot write to `{}`: {error}", shown(folder)))
            })?;
        }
        self.saved += 1;
        self.saved_pages += usize::from(is_page);
        let text = String::from_utf8_lossy(&body.bytes);
        let redacted = redaction.text(&text);
        let is_redacted = redacted != text;
        let bytes = if is_redacted {
            redacted.as_bytes()
        } else {
            &body.bytes[..]
        };
        let body_path = self.path(self.saved, extension(headers));
        let description = Description {
            resource: self.resource.clone(),
            request: SavedRequest {
                method: exchange.request.method.as_str().to_owned(),
                url: redaction.text(&exchange.request.url),
                headers: redacted_headers(&exchange.request.headers, redaction),
                body: redaction.text(&String::from_utf8_lossy(&exchange.request.body)),
            },
            response: SavedResponse {
                status: *status,
                headers: redacted_headers(headers, redaction),
                milliseconds: u64::try_from(exchange.took.as_millis()).unwrap_or(u64::MAX),
            },
            body: name(&body_path),
            redacted: is_redacted,
        };
        let text = serde_json::to_string_pretty(&description).map_err(io::Error::from);
        let path = self.path(self.saved, DESCRIPTION);
        fs::write(&body_path, bytes)
            .and_then(|()| fs::write(&path, text? + "\n"))
            .map_err(|error| {
                CommandError::failed(format!("cannot write `{}`: {error}", shown(&path)))
            })
    }

    /// The number of pages saved.
    pub(crate) const fn saved_pages(&self) -> usize {
        self.saved_pages
    }
}

fn redacted_headers(headers: &Headers, redaction: &Redaction<'_>) -> Vec<(String, String)> {
    let redact = |(name, value): (&str, &str)| (name.to_owned(), redaction.header(name, value));
    headers.iter().map(redact).collect()
}

/// The extension of a body's file.
fn extension(headers: &Headers) -> &'static str {
    let content_type = headers.get("content-type").unwrap_or_default();
    let content_type = content_type.to_ascii_lowercase();
    let known = [
        ("ndjson", ".jsonl"),
        ("jsonl", ".jsonl"),
        ("json", ".json"),
        ("xml", ".xml"),
        ("csv", ".csv"),
        ("zip", ".zip"),
        ("text/", ".txt"),
    ];
    let found = known.iter().find(|(word, _)| content_type.contains(word));
    found.map_or(".bin", |(_, extension)| extension)
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The description of a page, which is the file itself or lies beside the body.
fn described_by(file: &Path) -> Option<PathBuf> {
    match name(file).strip_suffix(DESCRIPTION) {
        Some(_) => Some(file.to_owned()),
        None => Some(file.with_extension(&DESCRIPTION[1..])).filter(|path| path.exists()),
    }
}

/// A response in a file: its body, and its request and response where they are saved beside it.
#[derive(Clone, Debug)]
pub(crate) struct SavedPage {
    /// The file with the body.
    pub(crate) file: PathBuf,
    pub(crate) description: Option<Description>,
    pub(crate) body: Vec<u8>,
}

impl SavedPage {
    /// Whether the API returned it as a page, not as a failure or a redirect.
    pub(crate) fn is_page(&self) -> bool {
        let status = self.description.as_ref().map(|saved| saved.response.status);
        status.is_none_or(|status| (200..300).contains(&status))
    }

    /// The resource that it was fetched of.
    #[cfg(feature = "mock")]
    pub(crate) fn resource(&self) -> Option<&str> {
        self.description
            .as_ref()
            .map(|saved| saved.resource.as_str())
    }

    /// The files of pages: `.exchange.json` files, folders of them, and bodies.
    ///
    /// # Errors
    ///
    /// If a folder cannot be read or has no page.
    pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CommandError> {
        let mut files = Vec::new();
        for path in paths {
            if !path.is_dir() {
                files.push(path.clone());
                continue;
            }
            let entries = fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
            let entries: io::Result<Vec<PathBuf>> =
                entries.map(|entry| Ok(entry?.path())).collect();
            let mut found = entries.map_err(|error| unreadable(path, &error))?;
            found.retain(|file| name(file).ends_with(DESCRIPTION));
            if found.is_empty() {
                let shown = shown(path);
                return Err(CommandError::usage(format!(
                    "`{shown}` has no saved pages\n  help: save some by `rest-source fetch SPEC RESOURCE --save {shown}`"
                )));
            }
            found.sort();
            files.append(&mut found);
        }
        // `pages/*.json` names a page twice: by its description and by its body.
        let mut known = HashSet::new();
        files.retain(|file| known.insert(described_by(file).unwrap_or_else(|| file.clone())));
        Ok(files)
    }

    /// Reads a page.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or is too long.
    pub(crate) fn read(file: &Path) -> Result<Self, CommandError> {
        let described = described_by(file);
        let description: Option<Description> = described
            .as_ref()
            .map(|path| {
                serde_json::from_slice(&read(path)?).map_err(|error| {
                    let shown = shown(path);
                    CommandError::usage(format!(
                        "`{shown}` is not the description of a saved page: {error}"
                    ))
                })
            })
            .transpose()?;
        let file = match (&described, &description) {
            // The body lies beside its description, wherever the name points to.
            (Some(path), Some(description)) => {
                path.with_file_name(name(Path::new(&description.body)))
            }
            _ => file.to_owned(),
        };
        Ok(Self {
            body: read(&file)?,
            description,
            file,
        })
    }
}

/// A file up to the longest body.
fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(LONGEST_BODY as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() > LONGEST_BODY {
        return Err(CommandError::usage(format!(
            "`{}` is longer than {} MiB\n  help: give a smaller page",
            shown(path),
            LONGEST_BODY >> 20
        )));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> CommandError {
    CommandError::usage(format!("cannot read `{}`: {error}", shown(path)))
}
