//! Who may import whom inside core, read from its sources: a feature is one file, and what it stands on
//! knows nothing of it.

#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The top-level modules of core and the others that each of them names.
type Imports = BTreeMap<String, BTreeSet<String>>;

fn core() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/core/src")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The code of a file without its tests and comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let product = text.split("#[cfg(test)]").next().unwrap_or_default();
    product
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The first names after `crate::`, one by one or in a list with braces.
fn named(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => names.extend(first_name(rest)),
            Some(list) => names.extend(listed(list)),
        }
    }
    names
}

/// The first names of a list up to its closing brace; lists within it belong to their name.
fn listed(list: &str) -> Vec<String> {
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (index, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.extend(first_name(&list[start..index]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.extend(first_name(&list[start..index]));
                start = index + 1;
            }
            _ => {}
        }
    }
    names
}

fn first_name(text: &str) -> Option<String> {
    let name: String =
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

fn module(path: &Path) -> String {
    let inside = path.strip_prefix(core()).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn imports() -> Imports {
    let mut imports = Imports::new();
    let files: Vec<_> = sources(&core()).into_iter().filter(|path| module(path) != "lib").collect();
    let modules: BTreeSet<String> = files.iter().map(|path| module(path)).collect();
    for path in &files {
        let own = module(path);
        let names = named(&code(path));
        let others = names.into_iter().filter(|name| *name != own && modules.contains(name));
        imports.entry(own.clone()).or_default().extend(others);
    }
    imports
}

/// The modules of a circle, if there is one.
fn circle(imports: &Imports) -> Option<Vec<String>> {
    // Takes away, again and again, what stands on nothing that is left.
    let mut left = imports.clone();
    loop {
        let free: Vec<String> = left
            .iter()
            .filter(|(_, needs)| needs.iter().all(|need| !left.contains_key(need)))
            .map(|(name, _)| name.clone())
            .collect();
        if free.is_empty() {
            return (!left.is_empty()).then(|| left.into_keys().collect());
        }
        free.iter().for_each(|name| drop(left.remove(name)));
    }
}

#[test]
fn no_modules_of_core_need_each_other() {
    let imports = imports();
    assert!(imports.len() > 10, "the sources were read: {imports:?}");
    assert_eq!(circle(&imports), None);
}

#[test]
fn nothing_that_a_feature_stands_on_knows_features() {
    let imports = imports();
    for below in ["model", "ports", "tables", "hub", "directory", "room", "services", "call"] {
        for above in ["features", "dispatch", "session"] {
            assert!(!imports[below].contains(above), "{below} imports {above}");
        }
    }
    for path in sources(&core().join("features")) {
        let code = code(&path);
        assert!(!code.contains("features::"), "{} imports another feature", path.display());
        let sibling = code.lines().any(|line| line.trim_start().starts_with("use super::"));
        assert!(!sibling, "{} imports a sibling", path.display());
    }
}

#[test]
fn circles_are_found() {
    let of = |pairs: &[(&str, &[&str])]| -> Imports {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        pairs.iter().map(|(name, needs)| ((*name).to_owned(), names(needs))).collect()
    };
    assert_eq!(circle(&of(&[("a", &["b"]), ("b", &["c"]), ("c", &[])])), None);
    let found = circle(&of(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])]));
    assert_eq!(found.unwrap(), ["a", "b", "c"]);
    let listed =
        named("use crate::{\n    room::{Rooms, not_now},\n    tables,\n};\nuse crate::sync::lock;");
    assert!(listed.iter().eq(["room", "sync", "tables"]));
}
