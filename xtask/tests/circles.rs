//! No module and its parent need each other: a child takes what it shares with others from a sibling,
//! never from the module that declares it.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Sources that keep to it.
const SOURCES: [&str; 6] = [
    "transport/link/src",
    "transport/src",
    "certs/src",
    "server/embedded/src",
    "server/src",
    "clients/rust/src",
];

#[test]
fn no_module_imports_from_its_parent() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for folder in SOURCES {
        collect(&root.join(folder), &mut files);
    }
    assert!(files.len() > 50, "the sources were found");
    let circles: Vec<String> = files.iter().flat_map(|file| from_parent(file)).collect();
    assert!(circles.is_empty(), "taken from the parent module:\n{}", circles.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// What a file takes from its parent that is not a sibling of the file.
fn from_parent(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    // Tests inside a file mean the file itself by `super`.
    let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let code: String = product.lines().map(|line| line.split("//").next().unwrap_or("")).collect();
    let folder = file.parent().unwrap();
    let siblings = if file.ends_with("mod.rs") { folder.parent().unwrap() } else { folder };
    let is_sibling = |name: &str| {
        name == "super"
            || siblings.join(name).is_dir()
            || siblings.join(format!("{name}.rs")).is_file()
    };
    let foreign = code
        .match_indices("super::")
        .filter(|(at, _)| !code[..*at].ends_with("super::"))
        .flat_map(|(at, found)| names(&code[at + found.len()..]))
        .filter(|name| !is_sibling(name));
    foreign.map(|name| format!("{}: {name}", file.display())).collect()
}

/// The first names of a path, or of each path in braces.
fn names(path: &str) -> Vec<String> {
    let Some(list) = path.strip_prefix('{') else { return vec![first_name(path)] };
    let (mut depth, mut names, mut start) = (1, Vec::new(), 0);
    for (at, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && character == ',') {
            names.push(first_name(list[start..at].trim()));
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn first_name(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn names_are_found_in_lists_too() {
    assert_eq!(names("frame::Decoder;"), ["frame"]);
    assert_eq!(names("{a, b::{c, D}, E, f::{self, g},};"), ["a", "b", "E", "f"]);
}
