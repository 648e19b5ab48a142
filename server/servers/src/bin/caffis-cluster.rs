//! Two nodes behind one address, for people: `cargo xtask cluster` runs this.
//! Its servers end with it, whatever ends it.

use std::{env, io, path::PathBuf, process::ExitCode, time::Duration};

use caffis_servers::{
    demo::{Demo, Plan},
    ending::Ending,
};

const USAGE: &str = "caffis-cluster SERVER CONFIGURATION [PORT]: the program caffis-chat, HAProxy's \
                     configuration, and the port of the one address (5002)";
const PORT: u16 = 5002;
/// How often the servers are looked at.
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
    let (server, balancer) = (arguments.next()?.into(), PathBuf::from(arguments.next()?));
    let port = match arguments.next() {
        Some(port) => port.to_str()?.parse().ok()?,
        None => PORT,
    };
    arguments.next().is_none().then_some(Plan { server, balancer, port })
}

fn run(plan: Plan) -> io::Result<()> {
    let port = plan.port;
    let ending = Ending::listen()?;
    let started = Demo::start(plan);
    let mut demo = started.map_err(|error| {
        io::Error::new(error.kind(), format!("port {port} of localhost: {error}"))
    })?;
    println!("{demo}");
    while !ending.within(LOOK) {
        demo.look(&mut io::stdout());
    }
    Ok(())
}
