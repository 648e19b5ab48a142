//! The example programs in Python and Go, with the libraries of Standard Webhooks in these languages, against the
//! server. `cargo xtask test --only servers` runs these.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the tests of the edge")]
mod common;
mod fuzz;
mod imports;
mod realtime;
mod receives;
mod sends;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// The secret of the source `main`.
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// A program, as somebody would start it.
struct Kit {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<PathBuf>,
}

impl Kit {
    /// Runs it to its end, with this input.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Output {
        use std::io::Write as _;
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may end before it has read all of it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }
}

/// The kits that can run here, in the part that is named. Go is left out where it is older than 1.21, as Debian 12 has it.
struct Kits {
    kits: Vec<Kit>,
    _built: TempDir,
}

impl Kits {
    /// The program in Python, alone.
    fn python(part: &str) -> Kit {
        let python = std::env::var_os("CAFFIS_EXAMPLES_PYTHON")
            .expect("the Python of the examples: run `cargo xtask test --only servers`");
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        let script = examples.join(format!("python/{part}.py"));
        Kit { name: "python", program: python.into(), arguments: vec![script] }
    }

    fn of(part: &str) -> Self {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        let mut kits = vec![Self::python(part)];
        let built = TempDir::new().unwrap();
        if go_is_new() {
            let program = built.path().join("kit");
            let output = Command::new("go")
                .args(["build", "-mod=vendor", "-o"])
                .arg(&program)
                .arg(".")
                .current_dir(examples.join("go"))
                .env("GOFLAGS", "")
                .env("GOPROXY", "off")
                .env("GOTOOLCHAIN", "local")
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            kits.push(Kit { name: "go", program, arguments: vec![part.into()] });
        } else {
            println!("there is no Go 1.21 or newer here: the programs in Go are not run");
        }
        Self { kits, _built: built }
    }
}

/// Whether there is a Go that can build the example.
fn go_is_new() -> bool {
    let version =
        Command::new("go").args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local").output();
    let Ok(version) = version else { return false };
    let version = String::from_utf8_lossy(&version.stdout);
    let minor = version.trim().strip_prefix("go1.").and_then(|rest| rest.split('.').next());
    minor.and_then(|minor| minor.parse().ok()).is_some_and(|minor: u32| minor >= 21)
}
