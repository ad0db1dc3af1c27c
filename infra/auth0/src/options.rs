//! The command line. A token is never one of its arguments: others on the machine could read it there.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use tenant_logs::{Category, Timestamp};

/// Creates, inspects and checks the log stream of an Auth0 tenant that feeds auth0-log-relay.
///
/// The tenant and an application that may use its Management API come from the environment: `AUTH0_DOMAIN`,
/// `AUTH0_CLIENT_ID`, `AUTH0_CLIENT_SECRET`.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "auth0-stream")]
pub struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Create the log stream, unless there is one with the same destination (exit code 3).
    Create {
        #[command(subcommand)]
        destination: NewDestination,
        #[command(flatten)]
        traits: Traits,
    },
    /// List the tenant's log streams.
    Status {
        /// As a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Look for what keeps log events from arriving (exit code 1 where something is found).
    Check {
        /// This log stream alone.
        #[arg(long, value_name = "lst_…")]
        id: Option<String>,
        /// Do not post an empty array to webhooks.
        #[arg(long)]
        offline: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum NewDestination {
    /// Auth0 posts to aws-webhook-ingest or azure-webhook-ingest; its token is the first of `WEBHOOK_TOKENS`.
    Webhook {
        /// The webhook's URL: `ReceiveLogsUrl` of the stack, or what deploy.sh prints.
        #[arg(long, value_parser = https_url)]
        url: String,
        /// Read the token from this file, or from standard input (`-`), and not from `WEBHOOK_TOKENS`.
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
    },
    /// Auth0 puts onto a partner event bus of Amazon EventBridge.
    #[command(name = "eventbridge")]
    EventBridge {
        /// The AWS account, twelve digits.
        #[arg(long, value_parser = account)]
        account: String,
        /// The region of the bus, such as eu-central-1.
        #[arg(long)]
        region: String,
    },
    /// Auth0 puts onto a partner topic of Azure Event Grid.
    EventGrid {
        /// The Azure subscription, a UUID.
        #[arg(long, value_parser = uuid)]
        subscription: String,
        /// The topic's region, such as westeurope.
        #[arg(long)]
        region: String,
        /// The resource group, which must authorize Auth0 as a partner.
        #[arg(long)]
        resource_group: String,
    },
}

/// What a log stream may have, wherever it leads.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(crate) struct Traits {
    /// The stream's name in Auth0's dashboard; auth0-log-relay unless set.
    #[arg(long, global = true)]
    pub(crate) name: Option<String>,
    /// A priority stream: security events go on under load, and the plan's limit does not count it.
    #[arg(long, global = true)]
    pub(crate) priority: bool,
    /// Only this category of events, and those named beside it; everything unless set. `other` holds detections.
    #[arg(long = "filter", global = true, value_name = "CATEGORY", value_parser = PossibleValuesParser::new(Category::ALL.map(Category::name)))]
    pub(crate) filters: Vec<String>,
    /// Begin with the log events of this moment, such as 2026-11-20T00:00:00Z, as far back as the log is kept.
    #[arg(long, global = true, value_name = "TIME")]
    pub(crate) start_from: Option<Timestamp>,
}

fn https_url(text: &str) -> Result<String, &'static str> {
    let rest = text.strip_prefix("https://").unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain =
        !text.contains(|character: char| character.is_whitespace() || character.is_control());
    check(
        !host.is_empty() && !host.contains('@') && is_plain,
        text,
        "want an https URL, without a user",
    )
}

fn account(text: &str) -> Result<String, &'static str> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    check(is_account, text, "want twelve digits")
}

fn uuid(text: &str) -> Result<String, &'static str> {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    let is_hex = text
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    check(parts == [8, 4, 4, 4, 12] && is_hex, text, "want a UUID")
}

fn check(is_right: bool, text: &str, want: &'static str) -> Result<String, &'static str> {
    is_right.then(|| text.to_owned()).ok_or(want)
}
