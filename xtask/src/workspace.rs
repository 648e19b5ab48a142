//! Where things are: the checkout, the build folder, the programs built there.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::process::Program;

/// Variables that `cargo run` sets for its child. Build scripts watch some of them, and would run
/// again each time that a build is started from here instead of from a shell.
const FROM_CARGO: [&str; 5] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];

/// The checkout and the folders beside it.
pub(crate) struct Workspace {
    root: PathBuf,
    cache: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// The checkout in which cargo runs this program, and the user's cache.
    pub(crate) fn locate() -> Result<Self> {
        // Asked when it runs: with one build folder for several clones, another one may have built it.
        let package = env::var_os("CARGO_MANIFEST_DIR").context("start this by `cargo xtask`")?;
        let root = Path::new(&package).parent().context("xtask is not inside the checkout")?;
        let root = root.to_owned();
        let cache = match env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()) {
            Some(path) => PathBuf::from(path),
            None => PathBuf::from(env::var_os("HOME").context("HOME is not set")?).join(".cache"),
        }
        .join("caffis-chat");
        // Not shared by clones: cargo tells sources apart by their times, and would take a program that
        // a newer clone built for that of an older one.
        let target = match env::var_os("CARGO_TARGET_DIR").filter(|path| !path.is_empty()) {
            Some(path) => env::current_dir()?.join(path),
            None => root.join("target"),
        };
        Ok(Self { root, cache, target })
    }

    /// A path inside the checkout.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The user's cache folder of this project.
    pub(crate) fn cache(&self) -> &Path {
        &self.cache
    }

    /// The build folder.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// A program of ours, as the dev profile builds it.
    pub(crate) fn built(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    /// A program of ours, as the release profile builds it.
    pub(crate) fn released(&self, name: &str) -> PathBuf {
        self.target.join("release").join(name)
    }

    /// A program to run in the checkout, with the build folder and without `cargo run`'s
    /// own variables.
    pub(crate) fn program(&self, program: impl AsRef<Path>) -> Program {
        let mut child = Program::new(program.as_ref());
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if name == "CARGO" || FROM_CARGO.iter().any(|prefix| name.starts_with(prefix)) {
                child = child.without_env(&name);
            }
        }
        child.directory(&self.root).env("CARGO_TARGET_DIR", &self.target)
    }

    /// `cargo` in the checkout.
    pub(crate) fn cargo<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Program {
        self.program("cargo").arguments(arguments)
    }
}
