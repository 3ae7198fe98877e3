//! The pages of documentation, taken apart: the README and the guides.
//!
//! What they show is compiled, run and compared with what comes out. `build.rs` makes a module of each
//! page, and `tests/pages` does the rest. The first word of a fence is the language, the second says
//! what the block is:
//!
//! | fence | block |
//! |---|---|
//! | `yaml specs/shop.yaml` | a whole spec, which the page's Rust finds under that name |
//! | `yaml` | a spec, or a part of one, that has no mistake |
//! | `yaml mistake` | one that has: the `text` that follows is what the compiler says of it |
//! | `rust` | items of the page's module or, where it begins with none, the body of a function in it |
//! | `text NAME` | what a program prints: a test makes it and compares |

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A page.
pub struct Page {
    /// The name of its module.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// A fenced block.
pub struct Block<'t> {
    /// The first word of the fence.
    pub language: &'t str,
    /// The rest of the fence.
    pub label: &'t str,
    /// What stands between the fences.
    pub text: &'t str,
}

/// The README and the guides, by name.
///
/// # Errors
///
/// When one cannot be read.
pub fn all() -> io::Result<Vec<Page>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut paths = vec![root.join("README.md")];
    for entry in fs::read_dir(root.join("docs/guides"))? {
        paths.push(entry?.path());
    }
    let is_index = |path: &PathBuf| path.ends_with("guides/README.md");
    paths.retain(|path| path.extension().is_some_and(|end| end == "md") && !is_index(path));
    paths.sort();
    paths.into_iter().map(read).collect()
}

fn read(path: PathBuf) -> io::Result<Page> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Page {
        name: name.to_lowercase(),
        text: fs::read_to_string(&path)?,
        path,
    })
}

impl Page {
    /// Its fenced blocks, in order.
    pub fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let mut rest = self.text.as_str();
        while let Some((_, fenced)) = rest.split_once("```") {
            let (fence, body) = fenced.split_once('\n').unwrap_or((fenced, ""));
            let (text, after) = body.split_once("```").unwrap_or((body, ""));
            let (language, label) = fence.split_once(' ').unwrap_or((fence, ""));
            blocks.push(Block {
                language,
                label,
                text,
            });
            rest = after;
        }
        blocks
    }

    /// Its text with these texts in its blocks, by their positions.
    pub fn with(&self, texts: &[(usize, String)]) -> String {
        let mut whole = self.text.clone();
        let blocks = self.blocks();
        // From the last, so that the places before it stay what they are.
        for (at, text) in texts.iter().rev() {
            if let Some(block) = blocks.get(*at) {
                let start = block.text.as_ptr() as usize - self.text.as_ptr() as usize;
                whole.replace_range(start..start + block.text.len(), text);
            }
        }
        whole
    }
}

/// The whole spec that a part of one stands in: what it lacks is filled in with as little as will do.
///
/// A part may be of the client, or the keys of a resource.
pub fn whole(part: &str) -> String {
    const CLIENT: &str = "client:\n  base_url: https://api.example.com\n";
    let has = |key: &str| part.lines().any(|line| line.starts_with(key));
    if has("resources:") {
        return part.to_owned();
    }
    let of_client = has("client:");
    let mut spec = match (of_client, part.contains("base_url:")) {
        (true, true) => part.to_owned(),
        (true, false) => part.replace("client:\n", CLIENT),
        (false, _) => CLIENT.to_owned(),
    };
    if !part.contains("paginator:") {
        spec.push_str("  paginator: single_page\n");
    }
    spec.push_str("resources:\n  - name: things\n");
    if !of_client {
        for line in part.lines() {
            let indent = if line.is_empty() { "" } else { "    " };
            spec.extend([indent, line, "\n"]);
        }
    }
    if !has("columns:") {
        spec.push_str("    columns: { id: text!, updated_at: timestamp! }\n");
    }
    spec
}
