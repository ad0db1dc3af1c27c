//! `auth0-stream`: reads its options, runs the command, and says how it ended.

use std::io::{self, Write as _};
use std::process::ExitCode;

use auth0_stream::{Options, run};
use clap::Parser;
use relay::chain;
use relay::settings::environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options, &environment, &mut io::stdout()).await {
        Ok(ending) => ExitCode::from(ending.exit_code()),
        Err(error) => {
            // A closed standard error leaves nowhere to report to.
            let _written = writeln!(io::stderr(), "{}", chain(&error));
            ExitCode::from(error.exit_code())
        }
    }
}
