//! The documentation of the wire types: the schema does not carry it, so it is read from the source.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};

use crate::model::snake_case;

/// Documentation by name: `Hello`, `Hello.token`, `Command.hello`, `FRAME_BYTES`.
pub(crate) struct Docs(BTreeMap<String, String>);

impl Docs {
    /// Reads every source file of some folders.
    pub(crate) fn of(folders: &[&Path]) -> Result<Self> {
        let mut docs = BTreeMap::new();
        let mut paths = Vec::new();
        for folder in folders {
            for entry in fs::read_dir(folder)? {
                paths.push(entry?.path());
            }
        }
        for path in paths {
            if path.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                Scanner::default().scan(&source, &mut docs);
            }
        }
        Ok(Self(docs))
    }

    /// The documentation of a name.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// The text without links to Rust's items, which lead nowhere elsewhere.
fn without_links(text: &str) -> String {
    let mut parts = text.split("`](");
    let first = parts.next().unwrap_or_default().to_owned();
    let without = parts.fold(first, |before, part| {
        let after = part.split_once(')').map_or("", |(_, after)| after);
        format!("{before}`{after}")
    });
    without.replace("[`", "`").replace("`]", "`")
}

#[derive(Default)]
struct Scanner {
    /// The type whose parts are being read.
    owner: String,
    /// The lines of documentation just before this one.
    text: String,
    /// Whether an attribute goes on over several lines.
    in_attribute: bool,
}

impl Scanner {
    fn scan(mut self, source: &str, docs: &mut BTreeMap<String, String>) {
        for line in source.lines() {
            let line = line.trim();
            if let Some(text) = line.strip_prefix("///") {
                let text = text.trim();
                if !self.text.is_empty() {
                    self.text.push(if text.is_empty() { '\n' } else { ' ' });
                }
                self.text.push_str(text);
            } else if self.in_attribute || line.starts_with("#[") {
                self.in_attribute = !line.ends_with(']');
            } else {
                if let Some(name) = self.name(line) {
                    let text = without_links(&self.text);
                    docs.insert(name, text);
                }
                self.text.clear();
            }
        }
    }

    /// What a line of code declares.
    fn name(&mut self, line: &str) -> Option<String> {
        if line.starts_with("error_codes! {") {
            self.owner = "ErrorCode".to_owned();
            return None;
        }
        let declared = ["pub struct ", "pub enum "].iter().find_map(|p| line.strip_prefix(p));
        if let Some(declared) = declared {
            self.owner = identifier(declared)?.to_owned();
            return Some(self.owner.clone());
        }
        if let Some(field) = line.strip_prefix("pub ")
            && let Some((name, _)) = field.split_once(": ")
        {
            return Some(format!("{}.{name}", self.owner));
        }
        if line.starts_with(|c: char| c.is_ascii_digit()) {
            return Some(format!("{}.{}", self.owner, line.split('"').nth(1)?));
        }
        let name = identifier(line).filter(|name| name.starts_with(char::is_uppercase))?;
        if line.ends_with(';') {
            Some(name.to_owned())
        } else {
            Some(format!("{}.{}", self.owner, snake_case(name)))
        }
    }
}

fn identifier(line: &str) -> Option<&str> {
    let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len());
    (end > 0).then(|| &line[..end])
}
