//! The main app and the map service of `examples` with the chat, for people: `cargo xtask demo` runs this. All of it
//! ends with it, whatever ends it.

use std::{env, io, path::PathBuf, process::ExitCode, time::Duration};

use caffis_servers::{
    ending::Ending,
    story::{Plan, Story},
};

const USAGE: &str = "caffis-demo SERVER EXAMPLES [PORT]: the program caffis-chat, the folder of the examples with \
                     its packages installed, and the first of three ports (5002)";
const PORT: u16 = 5002;
/// How often it is looked whether everything runs.
const LOOK: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    let Some(plan) = plan() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(plan) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn plan() -> Option<Plan> {
    let mut arguments = env::args_os().skip(1);
    let (server, examples) = (PathBuf::from(arguments.next()?), PathBuf::from(arguments.next()?));
    let port = match arguments.next() {
        Some(port) => port.to_str()?.parse().ok()?,
        None => PORT,
    };
    arguments.next().is_none().then_some(Plan { server, examples, port })
}

fn run(plan: Plan) -> io::Result<()> {
    let ending = Ending::listen()?;
    let story = Story::start(&plan)?;
    println!("{story}");
    while !ending.within(LOOK) {
        if let Some(ended) = story.ended() {
            return Err(io::Error::other(ended));
        }
    }
    Ok(())
}
