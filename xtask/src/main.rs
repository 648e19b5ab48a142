//! The project's commands: `cargo xtask run` serves the app, `cargo xtask test` checks everything.
//!
//! It spawns the other crates and tools and depends on none of them, so that it builds in seconds.
//! [`commands`] holds the small ones, [`stages`] what a test run consists of, [`setup`] what must
//! be installed first, [`process`] how a child is run, watched and ended, [`results`] what is
//! read from a child's output, and [`report`] what is printed at the end.

mod commands;
mod fuzz;
mod node;
mod options;
mod process;
mod report;
mod results;
mod setup;
mod stages;
mod tally;
mod workspace;

use std::process::ExitCode;

use options::Action;

fn main() -> ExitCode {
    match run() {
        _ if process::interrupted() => ExitCode::from(process::INTERRUPTED),
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<ExitCode> {
    let action = options::parse(std::env::args().skip(1))?;
    process::end_children_on_signals()?;
    let workspace = workspace::Workspace::locate()?;
    match action {
        Action::Help => print!("{}", options::HELP),
        Action::Run(arguments) => commands::run(&workspace, &arguments)?,
        Action::Cluster { port } => commands::cluster(&workspace, port)?,
        Action::Demo { port } => commands::demo(&workspace, port)?,
        Action::Test(options) => return stages::test(&workspace, &options),
        Action::Setup => setup::everything(&workspace)?,
        Action::Gen { check } => commands::generate(&workspace, check)?,
        Action::Bench(arguments) => commands::bench(&workspace, &arguments)?,
        Action::Sim(arguments) => commands::sim(&workspace, &arguments)?,
        Action::Chaos(options) => stages::chaos(&workspace, options)?,
        Action::Model(arguments) => commands::model(&workspace, &arguments)?,
        Action::Audit => commands::audit(&workspace)?,
    }
    Ok(ExitCode::SUCCESS)
}
