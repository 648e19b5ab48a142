//! npm packages of ours: what they need installed, and their scripts.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail, ensure};

use crate::{process::Program, results::Results, workspace::Workspace};

/// The packages in the order in which they need each other.
const PACKAGES: [&str; 4] = ["clients/ts", "clients/react", "clients/web", EXAMPLES];
/// The services of the demo.
pub(crate) const EXAMPLES: &str = "examples";
/// The oldest major version of Node that the packages run on.
const OLDEST_NODE: u32 = 20;
const INSTALL_LIMIT: Duration = Duration::from_secs(10 * 60);
const SCRIPT_LIMIT: Duration = Duration::from_secs(15 * 60);

/// One npm package of the checkout.
pub(crate) struct Package<'a> {
    workspace: &'a Workspace,
    folder: &'static str,
}

/// The packages, in the order of [`PACKAGES`].
pub(crate) fn packages(workspace: &Workspace) -> impl Iterator<Item = Package<'_>> {
    PACKAGES.into_iter().map(move |folder| Package { workspace, folder })
}

/// Fails with what to do if Node or npm is missing or too old.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let wanted = format!("install Node {OLDEST_NODE} or newer, with npm");
    let version =
        workspace.program("node").arguments(["--version"]).read().context(wanted.clone())?;
    let major =
        version.trim().trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok());
    ensure!(major.is_some_and(|n: u32| n >= OLDEST_NODE), "{wanted}: this is {}", version.trim());
    workspace.program("npm").arguments(["--version"]).read().context(wanted)?;
    Ok(())
}

impl Package<'_> {
    fn path(&self) -> PathBuf {
        self.workspace.path(self.folder)
    }

    /// Installs exactly what the lock file names, unless that is what is there.
    pub(crate) fn install(&self) -> Result<()> {
        let path = self.path();
        let lock = fs::read(path.join("package-lock.json"))
            .with_context(|| format!("cannot read {}/package-lock.json", self.folder))?;
        let installed = path.join("node_modules/.caffis-installed");
        if fs::read(&installed).is_ok_and(|content| content == lock) {
            return Ok(());
        }
        self.npm(["ci", "--engine-strict", "--no-audit", "--no-fund"])
            .limit(INSTALL_LIMIT)
            .run()?;
        // npm makes no folder for a package without dependencies.
        fs::create_dir_all(path.join("node_modules"))?;
        fs::write(&installed, lock).with_context(|| format!("cannot write {}", installed.display()))
    }

    /// Runs a script of package.json and counts its tests.
    pub(crate) fn script(
        &self,
        script: &str,
        adapt: impl FnOnce(Program) -> Program,
        results: &mut Results,
    ) -> Result<()> {
        adapt(self.npm(["run", script]).limit(SCRIPT_LIMIT))
            .run_lines(|line| results.read(line))
            .with_context(|| format!("in {}", self.folder))
    }

    /// Whether package.json has such a script.
    pub(crate) fn has(&self, script: &str) -> Result<bool> {
        let path = self.path().join("package.json");
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let package: serde_json::Value = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not JSON", path.display()))?;
        match package.get("scripts") {
            Some(scripts) => Ok(scripts.get(script).is_some()),
            None => bail!("{} has no scripts", path.display()),
        }
    }

    fn npm<'b>(&self, arguments: impl IntoIterator<Item = &'b str>) -> Program {
        self.workspace
            .program("npm")
            .directory(self.path())
            .env("npm_config_update_notifier", "false")
            .arguments(arguments)
    }
}
