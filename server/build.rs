//! Puts the built web app into the binary, if there is one.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// The most files that a web app may have.
const MAX_FILES: usize = 500;

fn main() -> io::Result<()> {
    let crate_folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let app = crate_folder.join("../clients/web");
    let built = app.join("dist");
    // Cargo builds again whenever a watched path is missing: watch what exists.
    let watched = if built.is_dir() { &built } else { &app };
    if watched.exists() {
        println!("cargo::rerun-if-changed={}", watched.display());
    } else {
        println!("cargo::rerun-if-changed=build.rs");
    }
    let mut files = Vec::new();
    if built.is_dir() {
        collect(&built, &mut files)?;
    }
    files.sort();
    let mut code = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&built).unwrap_or(&file);
        let name = name.to_string_lossy().replace('\\', "/");
        let tag = format!("\"{:016x}\"", fingerprint(&fs::read(&file)?));
        let path = file.display().to_string();
        let _ = writeln!(
            code,
            "    File {{ name: {name:?}, tag: {tag:?}, bytes: include_bytes!({path:?}) }},"
        );
    }
    code.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("web.rs"), code)
}

/// FNV-1a: tells versions of a file apart.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
        if files.len() > MAX_FILES {
            return Err(io::Error::other(format!("the web app has more than {MAX_FILES} files")));
        }
    }
    Ok(())
}
