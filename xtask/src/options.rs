//! The command line.

use anyhow::{Result, bail};

/// What `cargo xtask` prints when it is asked for help.
pub(crate) const HELP: &str = "\
cargo xtask run [-- ARGUMENTS]   build the page and the server, serve http://localhost:5002
cargo xtask cluster [--port N]   two nodes behind HAProxy, with their servers, on http://localhost:5002
cargo xtask demo [--port N]      a main app and a map service with the chat, from http://localhost:5002 on
cargo xtask test [OPTIONS]       install what the tests need and run them all
    --quick                      no browsers, servers, fuzzing, licences (minutes)
    --long                       longer fuzzing, more kill runs
    --only STAGE[,STAGE]         only these stages
cargo xtask setup                only install what the tests need
cargo xtask gen [--check]        write (or compare) the generated code
cargo xtask bench [ARGUMENTS]    release build of server and load generator, then measure
cargo xtask sim [ARGUMENTS]      run the simulation
cargo xtask chaos [OPTIONS]      three real nodes and their servers, while one after the other fails
    --seed N                     which faults, in which order (1)
    --faults F                   how many (11: one of each kind)
    --only KIND[,KIND]           only these kinds, for example bus-cut,node-killed
cargo xtask model [--wide]       search the model of room ownership, as far as it goes
cargo xtask audit                licences, sources and advisories (reaches the internet)
";

/// One invocation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Help,
    Run(Vec<String>),
    Cluster { port: Option<u16> },
    Demo { port: Option<u16> },
    Test(TestOptions),
    Setup,
    Gen { check: bool },
    Bench(Vec<String>),
    Sim(Vec<String>),
    Chaos(ChaosOptions),
    Model(Vec<String>),
    Audit,
}

/// How much is tested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    Quick,
    #[default]
    Normal,
    Long,
}

impl Tier {
    /// The value of `CAFFIS_TEST_TIER`, by which a test chooses how often it repeats.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Normal => "normal",
            Self::Long => "long",
        }
    }
}

/// The options of `cargo xtask test`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TestOptions {
    pub(crate) tier: Tier,
    /// Stages by name; empty means all of the tier.
    pub(crate) only: Vec<String>,
}

/// The options of `cargo xtask chaos`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ChaosOptions {
    pub(crate) seed: Option<u64>,
    pub(crate) faults: Option<u64>,
    /// Kinds of faults with commas between; none means all.
    pub(crate) only: Option<String>,
}

/// Reads the arguments after `cargo xtask`.
pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Action> {
    let mut arguments = arguments;
    let Some(command) = arguments.next() else { return Ok(Action::Help) };
    let rest: Vec<String> = arguments.skip_while(|argument| argument == "--").collect();
    Ok(match command.as_str() {
        "help" | "-h" | "--help" => Action::Help,
        "run" => Action::Run(rest),
        "cluster" => Action::Cluster { port: parse_port("cluster", &rest)? },
        "demo" => Action::Demo { port: parse_port("demo", &rest)? },
        "bench" => Action::Bench(rest),
        "sim" => Action::Sim(rest),
        "model" => Action::Model(rest),
        "chaos" => Action::Chaos(parse_chaos(&rest)?),
        "test" => Action::Test(parse_test(&rest)?),
        "gen" => match rest.as_slice() {
            [] => Action::Gen { check: false },
            [flag] if flag == "--check" => Action::Gen { check: true },
            other => bail!("`gen` takes only --check, not {other:?}"),
        },
        "setup" | "audit" if !rest.is_empty() => bail!("`{command}` takes no arguments"),
        "setup" => Action::Setup,
        "audit" => Action::Audit,
        other => bail!("no command `{other}`\n\n{HELP}"),
    })
}

/// The port that a command is given, if it is.
fn parse_port(command: &str, arguments: &[String]) -> Result<Option<u16>> {
    match arguments {
        [] => Ok(None),
        [flag, port] if flag == "--port" => match port.parse() {
            Ok(port) if port != 0 => Ok(Some(port)),
            _ => bail!("--port wants a number from 1 to 65535, not `{port}`"),
        },
        other => bail!("`{command}` takes only --port, not {other:?}"),
    }
}

fn parse_chaos(arguments: &[String]) -> Result<ChaosOptions> {
    let mut options = ChaosOptions::default();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let value = arguments.next();
        let number = || match value.and_then(|value| value.parse().ok()) {
            Some(number) => Ok(Some(number)),
            None => bail!("{argument} wants a number"),
        };
        match argument.as_str() {
            "--seed" => options.seed = number()?,
            "--faults" => options.faults = number()?,
            "--only" if value.is_some() => options.only = value.cloned(),
            "--only" => bail!("--only wants kinds of faults"),
            other => bail!("`chaos` has no option `{other}`\n\n{HELP}"),
        }
    }
    Ok(options)
}

fn parse_test(arguments: &[String]) -> Result<TestOptions> {
    let mut options = TestOptions::default();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => options.tier = Tier::Quick,
            "--long" => options.tier = Tier::Long,
            "--only" => match arguments.next() {
                Some(names) => options.only.extend(names.split(',').map(str::to_owned)),
                None => bail!("--only wants the names of stages"),
            },
            other => bail!("`test` has no option `{other}`\n\n{HELP}"),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Action> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn test_options() {
        let expected = TestOptions { tier: Tier::Long, only: vec!["fmt".into(), "rules".into()] };
        assert_eq!(parsed("test --long --only fmt,rules").unwrap(), Action::Test(expected));
        assert_eq!(parsed("test").unwrap(), Action::Test(TestOptions::default()));
        assert!(parsed("test --only").is_err());
        assert!(parsed("test --fast").is_err());
    }

    #[test]
    fn arguments_are_passed_on() {
        assert_eq!(
            parsed("run -- --port 1").unwrap(),
            Action::Run(vec!["--port".into(), "1".into()])
        );
        assert_eq!(parsed("sim --seed 7").unwrap(), Action::Sim(vec!["--seed".into(), "7".into()]));
        assert_eq!(parsed("cluster").unwrap(), Action::Cluster { port: None });
        assert_eq!(parsed("cluster --port 80").unwrap(), Action::Cluster { port: Some(80) });
        let chaos = ChaosOptions { seed: Some(7), only: Some("bus-cut".into()), faults: None };
        assert_eq!(parsed("chaos --seed 7 --only bus-cut").unwrap(), Action::Chaos(chaos));
        assert_eq!(parsed("model --wide").unwrap(), Action::Model(vec!["--wide".into()]));
    }

    #[test]
    fn nothing_else_is_accepted() {
        for line in [
            "tests",
            "setup now",
            "gen --force",
            "cluster --nodes 3",
            "cluster --port 0",
            "chaos --seed",
            "chaos --speed 1",
            "chaos --only",
            "chaos --faults few",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
        assert_eq!(parsed("").unwrap(), Action::Help);
    }
}
