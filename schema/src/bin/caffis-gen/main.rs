//! Writes what is generated from the wire types: the TypeScript codec, the AsyncAPI document, `wire.lock` and
//! the golden vectors; from the kinds of webhooks their JSON Schemas; and docs/errors.md. `--write` writes the files,
//! `--check` fails when one of them is stale.

mod asyncapi;
mod coverage;
mod docs;
mod errors;
mod golden;
mod hooks;
mod lock;
mod model;
mod samples;
mod typescript;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use caffis_schema::{ClientFrame, ServerFrame};
use postcard_schema::Schema as _;

fn main() -> ExitCode {
    let mode = std::env::args().nth(1);
    let result = match mode.as_deref() {
        Some("--write") => write(),
        Some("--check") => check(),
        _ => Err(anyhow::anyhow!("usage: caffis-gen --write | --check")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A file that is generated, with its path and its text.
type Generated = (PathBuf, String);

fn generate() -> Result<Vec<Generated>> {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR"));
    let model = model::Model::of(&[ClientFrame::SCHEMA, ServerFrame::SCHEMA])?;
    let docs = docs::Docs::of(&[&schema.join("src"), &schema.join("src/command")])?;
    let mut generated = hooks::schemas(schema)?;
    generated.extend([
        (schema.join("asyncapi.json"), asyncapi::document(&model, &docs)?),
        (schema.join("wire.lock"), lock::lock(&model)),
        (schema.join("../docs/errors.md"), errors::document()),
        (schema.join("golden/frames.json"), golden::vectors(&model)?),
        (
            schema.join("../clients/ts/src/generated/protocol.ts"),
            typescript::module(&model, &docs)?,
        ),
    ]);
    Ok(generated)
}

fn write() -> Result<()> {
    for (path, text) in generate()? {
        if fs::read_to_string(&path).ok().as_ref() == Some(&text) {
            continue;
        }
        let folder = path.parent().context("a file is in a folder")?;
        fs::create_dir_all(folder)?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

fn check() -> Result<()> {
    for (path, text) in generate()? {
        let current =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        anyhow::ensure!(current == text, "{} is stale: run `cargo xtask gen`", path.display());
    }
    Ok(())
}
