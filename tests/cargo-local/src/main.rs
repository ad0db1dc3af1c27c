//! `cargo local`: the real functions in a cloud on this machine, with a sample tenant's log.

mod ending;
mod output_folder;

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cargo_local::azure_cloud::{AzureCloud, AzureOptions};
use cargo_local::binaries::{Binaries, Profile, Progress, build};
use cargo_local::cloud::{Cloud, CloudOptions, TOKEN};
use cargo_local::input::Input;
use cargo_local::report::Report;
use cargo_local::run::{DeadLetterReport, run, run_azure};
use cargo_local::sample::{DEFAULT_EVENT_COUNT, Sample};
use clap::Parser;
use fakes::azure::event_grid::SubscriptionOptions;

use ending::Ending;
use output_folder::OutputFolder;

/// Runs auth0-log-relay on this machine: builds the functions, starts a local cloud around them, sends a sample
/// tenant's log through every path, and prints what became of it. Stays up for your own events afterwards.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo local")]
struct Options {
    /// End after the table instead of staying up; the exit code tells whether everything arrived once.
    #[arg(long)]
    once: bool,
    /// Send a captured file instead of the sample: a webhook body, one body a line, or one event a line.
    #[arg(long, value_name = "FILE", conflicts_with = "events")]
    input: Option<PathBuf>,
    /// How many distinct log events the sample has.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_EVENT_COUNT, value_parser = clap::value_parser!(u64).range(1..))]
    events: u64,
}

/// Where sinks and dead letters go, emptied at each start.
const OUTPUT_FOLDER: &str = "local-out";

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match start(&options).await {
        Ok(is_clean) if is_clean => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!(
                "cargo local failed: {}",
                relay::chain(error.as_ref())
            ));
            ExitCode::FAILURE
        }
    }
}

async fn start(options: &Options) -> Result<bool, Box<dyn Error>> {
    let input = match &options.input {
        Some(path) => Input::from_file(path)?,
        None => Input::Sample(Sample::new(options.events)),
    };
    say("building the functions");
    let binaries = build(profile(), Progress::Shown).await?;
    let folder = OutputFolder::take(Path::new(OUTPUT_FOLDER))?;
    // From here on there are processes and folders that must end with this program.
    let mut ending = Ending::listen()?;
    let up = tokio::select! {
        up = Up::after_sending(&binaries, input, folder.path()) => up?,
        () = ending.asked() => {
            say("ended before everything was sent");
            return Ok(false);
        }
    };
    say(&format!("\n{}", up.report));
    say(&format!(
        "In {OUTPUT_FOLDER}, http.ndjson, file.ndjson and log-analytics.ndjson hold what arrived, \
         dead-letters.ndjson what was set aside."
    ));
    if !options.once {
        up.say_addresses();
        ending.asked().await;
    }
    Ok(up.report.is_clean())
}

/// Both clouds, which end when it is dropped, and what became of the input.
struct Up {
    report: Report,
    aws: Cloud,
    azure: AzureCloud,
    _dead_letters: DeadLetterReport,
}

impl Up {
    /// Starts both clouds, and sends the input to each.
    async fn after_sending(
        binaries: &Binaries,
        input: Input,
        folder: &Path,
    ) -> Result<Self, Box<dyn Error>> {
        let file_sink = folder.join("file.ndjson");
        let aws = Cloud::start(
            binaries,
            CloudOptions {
                file_sink: Some(std::path::absolute(&file_sink)?),
                collector_file: Some(folder.join("http.ndjson")),
                keeps_events: false,
                has_ledger_table: true,
                output_folder: Some(folder.to_owned()),
                ..CloudOptions::default()
            },
        )
        .await?;
        let dead_letters_path = folder.join("dead-letters.ndjson");
        let dead_letters =
            DeadLetterReport::start(aws.set_aside_queue.clone(), &dead_letters_path)?;
        say("sending on AWS");
        let on_aws = run(&aws, binaries, input.clone(), &dead_letters, file_sink).await?;
        let azure = AzureCloud::start(binaries, azure_options(folder)).await?;
        // However long the sample is, memory keeps what events are called and not the events.
        azure.topic.keep_nothing();
        azure.partner_topic.keep_nothing();
        azure
            .logs
            .write_rows_to(&folder.join("log-analytics.ndjson"))?;
        azure.dead_letters.write_blobs_to(&dead_letters_path)?;
        say("sending on Azure");
        let report = on_aws.and(run_azure(&azure, binaries, input).await?);
        Ok(Self {
            report,
            aws,
            azure,
            _dead_letters: dead_letters,
        })
    }

    fn say_addresses(&self) {
        say("\nSend your own, to AWS or to Azure, and end with Ctrl-C:\n");
        for url in [self.aws.webhook.url(), self.azure.webhook_url()] {
            say(&format!(
                "  curl -X POST {url} -H 'Authorization: {TOKEN}' --data \
                 '[{{\"log_id\":\"1\",\"data\":{{\"type\":\"s\",\"date\":\"2026-11-20T10:00:00.000Z\"}}}}]'\n"
            ));
        }
    }
}

/// One delivery at a time, so that repeats are recognised and nothing is handed back.
fn azure_options(folder: &Path) -> AzureOptions {
    let defaults = AzureOptions::default();
    AzureOptions {
        subscription: SubscriptionOptions {
            parallel_deliveries: 1,
            ..defaults.subscription
        },
        output_folder: Some(folder.to_owned()),
        ..defaults
    }
}

/// The functions are built as this program was: `cargo local` optimises both, and a debug build of it neither.
fn profile() -> Profile {
    if cfg!(debug_assertions) {
        Profile::Dev
    } else {
        Profile::Local
    }
}

fn say(text: &str) {
    // Nobody is left to tell when standard output is closed.
    let _told = writeln!(io::stdout(), "{text}");
}
