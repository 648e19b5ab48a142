//! Which module may import which, read from the sources: modules depend on each other in one direction,
//! so each can be understood with only what it stands on.

#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Sources in which no modules of a folder form a circle.
const SOURCES: [&str; 13] = [
    "transport/link/src",
    "transport/src",
    "certs/src",
    "server/core/src",
    "server/embedded/src",
    "server/redis/src",
    "server/relay/src",
    "server/words/src",
    "server/src",
    "scylla/src",
    "clients/rust/src",
    "clients/bench/src",
    "xtask/src",
];

/// Those whose modules share what the module above them declares.
const SHARED: [&str; 2] = [CORE, "clients/bench/src"];

/// Core's sources.
const CORE: &str = "server/core/src";

/// A module by its path from the crate's root, such as `["ws", "link"]`.
type Module = Vec<String>;

/// For each module of one folder, the modules of the same folder that it imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// A crate's modules and the paths that they name.
struct Sources {
    modules: BTreeSet<Module>,
    /// Who names what, without `crate` and `super`.
    named: Vec<(Module, Module)>,
}

impl Sources {
    fn read(folder: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(folder);
        let files = files(&root);
        let mut modules = BTreeSet::from([Module::new()]);
        let mut named = Vec::new();
        for file in &files {
            let module = module(file.strip_prefix(&root).unwrap());
            for path in paths(&code(&fs::read_to_string(file).unwrap())) {
                named.push((module.clone(), resolve(&module, path)));
            }
            modules.insert(module);
        }
        Self { modules, named }
    }

    /// The module in which a path leads to an item or a module.
    fn target(&self, path: &Module) -> Module {
        let exists = |length: &usize| self.modules.contains(&path[..*length]);
        let length = (0..=path.len()).rev().find(exists).unwrap();
        path[..length].to_vec()
    }

    /// What the modules of each folder import from each other.
    fn folders(&self) -> BTreeMap<Module, Imports> {
        let mut folders: BTreeMap<Module, Imports> = BTreeMap::new();
        for module in self.modules.iter().filter(|module| !module.is_empty()) {
            let (name, folder) = module.split_last().unwrap();
            folders.entry(folder.to_vec()).or_default().entry(name.clone()).or_default();
        }
        for (module, path) in &self.named {
            let target = self.target(path);
            let shared = module.iter().zip(&target).take_while(|(one, other)| one == other).count();
            if let (Some(name), Some(other)) = (module.get(shared), target.get(shared)) {
                let imports = folders.get_mut(&module[..shared]).unwrap();
                imports.get_mut(name).unwrap().insert(other.clone());
            }
        }
        folders
    }

    /// The items that modules take from a module above them, other than the crate's root.
    fn taken_from_above(&self) -> BTreeSet<String> {
        let above = self.named.iter().filter(|(module, path)| {
            let target = self.target(path);
            let length = target.len();
            (1..module.len()).contains(&length)
                && length < path.len()
                && module.starts_with(&target)
        });
        let shown = |(module, path): &(Module, Module)| {
            format!("{} imports {}", module.join("::"), path.join("::"))
        };
        above.map(shown).collect()
    }
}

/// The Rust files below a folder, except for programs of their own.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("bin") {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// `ws/link.rs` is `["ws", "link"]`, and `ws/mod.rs` is `["ws"]`.
fn module(file: &Path) -> Module {
    let names = file.with_extension("");
    let mut module: Module = names.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
    if ["mod", "lib", "main"].contains(&module.last().unwrap().as_str()) {
        module.pop();
    }
    module
}

/// The code of a file without its tests and comments.
fn code(text: &str) -> String {
    let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    product.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The paths that begin with `crate` or `super`; a list in braces gives one for each of its items.
fn paths(code: &str) -> Vec<Module> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if !before.is_some_and(|c| is_name(c) || c == ':') {
                tree(&code[at..], &Module::new(), &mut found);
            }
        }
    }
    found
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Reads one path, or a list of them in braces, and gives what follows it.
fn tree<'a>(code: &'a str, before: &Module, found: &mut Vec<Module>) -> &'a str {
    let mut rest = code.trim_start();
    if let Some(list) = rest.strip_prefix('{') {
        rest = list.trim_start();
        while !rest.starts_with('}') && !rest.is_empty() {
            rest = tree(rest, before, found).trim_start();
            rest = rest.find([',', '}']).map_or("", |end| &rest[end..]);
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        return rest.strip_prefix('}').unwrap_or(rest);
    }
    let end = rest.find(|character| !is_name(character)).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let mut path = before.clone();
    if !name.is_empty() && name != "self" {
        path.push(name.to_owned());
    }
    match rest.strip_prefix("::") {
        Some(rest) if !rest.starts_with(['<', '*']) => tree(rest, &path, found),
        _ => {
            found.push(path);
            rest
        }
    }
}

/// A path from the crate's root.
fn resolve(module: &Module, path: Module) -> Module {
    let up = path.iter().take_while(|name| *name == "super").count();
    if up == 0 {
        return path[1..].to_vec();
    }
    let base = &module[..module.len().saturating_sub(up)];
    [base, &path[up..]].concat()
}

/// The modules of a circle, if there is one, and those that need them.
fn circle(imports: &Imports) -> Option<Vec<String>> {
    // Repeatedly removes the modules that need nothing that is left.
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
fn no_modules_of_a_folder_need_each_other() {
    let mut circles = Vec::new();
    for folder in SOURCES {
        let sources = Sources::read(folder);
        assert!(sources.modules.len() > 5, "the sources of {folder} were read");
        for (module, imports) in sources.folders() {
            let found = circle(&imports).map(|found| found.join(", "));
            circles.extend(found.map(|found| format!("{folder}/{}: {found}", module.join("/"))));
        }
    }
    assert!(circles.is_empty(), "these need each other:\n{}", circles.join("\n"));
}

#[test]
fn no_module_imports_from_its_parents() {
    let folders = SOURCES.iter().filter(|folder| !SHARED.contains(folder));
    let found: Vec<String> =
        folders.flat_map(|folder| Sources::read(folder).taken_from_above()).collect();
    assert!(found.is_empty(), "taken from the parent module:\n{}", found.join("\n"));
}

#[test]
fn nothing_that_a_feature_stands_on_knows_features() {
    let folders = Sources::read(CORE).folders();
    let modules = &folders[&Module::new()];
    for below in
        ["model", "ports", "tables", "cluster", "hub", "directory", "room", "services", "call"]
    {
        for above in ["features", "dispatch", "session"] {
            assert!(!modules[below].contains(above), "{below} imports {above}");
        }
    }
    for (feature, imports) in &folders[&vec!["features".to_owned()]] {
        assert!(imports.is_empty(), "the feature {feature} imports {imports:?}");
    }
}

#[test]
fn paths_are_found_in_lists_too() {
    let of =
        |code: &str| -> Vec<String> { paths(code).iter().map(|path| path.join("::")).collect() };
    let list = "use crate::{\n    a::{self, b::C},\n    d as e,\n};\nuse super::super::f::*;";
    assert_eq!(of(list), ["crate::a", "crate::a::b::C", "crate::d", "super::super::f"]);
    assert_eq!(of("let x = crate::a::b(1); my_crate::c();"), ["crate::a::b"]);
    let module = |path: &str| path.split("::").map(str::to_owned).collect::<Module>();
    assert_eq!(
        resolve(&module("ws::link"), module("super::wire::Frame")),
        module("ws::wire::Frame")
    );
    assert_eq!(resolve(&module("ws::link"), module("crate::tls")), module("tls"));
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
}
