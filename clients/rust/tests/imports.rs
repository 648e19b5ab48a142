//! Modules import in one direction only.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// What each module of this crate imports of the others, its tests left out.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = BTreeMap::new();
    for file in fs::read_dir(sources).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name == "lib" || name.ends_with("_tests") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let mut used = BTreeSet::new();
        for part in code.split("crate::").skip(1) {
            match part.strip_prefix('{') {
                None => {
                    used.insert(word(part));
                }
                Some(list) => {
                    let list = list.split(';').next().unwrap();
                    let lines = list.lines().map(str::trim).filter(|line| line.contains("::"));
                    used.extend(lines.flat_map(|line| line.split(", ")).map(word));
                }
            }
        }
        modules.insert(name, used);
    }
    let names: BTreeSet<String> = modules.keys().cloned().collect();
    modules.values_mut().for_each(|used| used.retain(|name| names.contains(name)));
    modules
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn no_two_modules_need_each_other() {
    let mut modules = imports();
    assert!(modules["driver"].contains("session") && modules["session"].contains("rooms"));
    // Whoever needs nothing that is left can go; a circle stays.
    while let Some(name) = modules.iter().find(|(_, used)| used.is_empty()).map(|(n, _)| n.clone())
    {
        modules.remove(&name);
        for used in modules.values_mut() {
            used.remove(&name);
        }
    }
    assert!(modules.is_empty(), "these need each other: {modules:#?}");
}
