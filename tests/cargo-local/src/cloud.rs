//! The whole path as it is deployed: function URL, buses, rules, queues, target, sinks; the functions are real.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::binaries::{Binaries, BuildError};
use fakes::aws::dynamodb::Table;
use fakes::aws::event_bus::pattern::{Pattern, PatternError};
use fakes::aws::event_bus::{AsyncTarget, EventBus, Rule, Target, TooManyTargets};
use fakes::aws::queue::{Queue, QueueOptions, Redrive, SqsEndpoint};
use fakes::collector::{Collector, CollectorOptions};
use fakes::faults::Faults;
use hosts::event_source::{EventSource, MappingError, MappingOptions};
use hosts::function_url::FunctionUrl;
use hosts::lambda::{Function, FunctionOptions};

// The functions' own code, for tests of it.
pub use {aws_eventbridge_target, aws_log_poller, aws_webhook_ingest};

/// The token that opens the local webhook.
pub const TOKEN: &str = "local-webhook-token";
/// The tenant of the local cloud.
pub const TENANT: &str = "acme";
/// What the rules of the partner buses match.
pub const RULE_PATTERN: &str = r#"{"source":[{"prefix":"aws.partner/auth0.com/"},{"prefix":"auth0.com/"}],"detail-type":["Auth0 log"]}"#;
/// The poller.
pub const POLLER: &str = "aws-log-poller";
/// Runs of a poller that a test may let overlap.
const MAX_POLLERS: usize = 2;
/// The types that the ingest function puts onto the custom bus beside the queue: those that the detections match.
pub const BUS_TYPES: &str = "api_limit,api_limit_warning,gd_module_switch,gd_otp_rate_limit_exceed,gd_recovery_rate_limit_exceed,gd_unenroll,gd_user_delete,limit_mu,limit_sul,limit_wc,pwd_leak,reset_pwd_leak,sapi,signup_pwd_leak";
/// The source of events that a partner bus brings.
pub const PARTNER_SOURCE: &str =
    "aws.partner/auth0.com/acme-0f3c1c8e-6b0e-4b52-9a53-0d6a3f2c7f11/auth0.logs";

/// What a local cloud is made of.
#[derive(Debug, Clone)]
pub struct CloudOptions {
    /// Processes of the ingest function.
    pub ingest_concurrency: usize,
    /// Processes of the target function; their ledgers know nothing of each other.
    pub target_concurrency: usize,
    /// Time an invocation may take.
    pub timeout: Duration,
    /// How messages are batched.
    pub mapping: MappingOptions,
    /// How long a message stays with the target.
    pub visibility_timeout: Duration,
    /// More settings of both functions, or others.
    pub environment: Vec<(String, String)>,
    /// Whether the ledger is in a table, and not in each process.
    pub has_ledger_table: bool,
    /// Where the target's `file` sink writes; none leaves that sink out.
    pub file_sink: Option<PathBuf>,
    /// Where the collector writes what it got.
    pub collector_file: Option<PathBuf>,
    /// Whether the collector keeps the text of every event.
    pub keeps_events: bool,
    /// Where each function's output goes; none keeps it in memory only.
    pub output_folder: Option<PathBuf>,
}

impl Default for CloudOptions {
    fn default() -> Self {
        Self {
            ingest_concurrency: 4,
            target_concurrency: 1,
            timeout: Duration::from_secs(30),
            mapping: MappingOptions {
                window: Duration::from_millis(100),
                maximum_concurrency: 1,
                return_failed_after: Some(Duration::from_millis(200)),
                ..MappingOptions::default()
            },
            visibility_timeout: Duration::from_mins(3),
            environment: Vec::new(),
            has_ledger_table: false,
            file_sink: None,
            collector_file: None,
            keeps_events: true,
            output_folder: None,
        }
    }
}

/// Why a local cloud does not start.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// The functions do not build.
    #[error("cannot build the functions")]
    Build(#[from] BuildError),
    /// A build without one of them.
    #[error("the build made no `{0}`")]
    NoBinary(&'static str),
    /// A port cannot be opened, a file not be written or a process not be started.
    #[error("cannot start a part of the local cloud")]
    Start(#[from] io::Error),
    /// Our own rule is wrong.
    #[error("the rule's pattern is wrong")]
    Pattern(#[from] PatternError),
    /// Our own rule has too many targets.
    #[error("the rule has too many targets")]
    Rule(#[from] TooManyTargets),
    /// The mapping's options are wrong.
    #[error("the event source mapping is wrong")]
    Mapping(#[from] MappingError),
}

/// A running local cloud. Dropping it ends every process and port.
#[derive(Debug)]
pub struct Cloud {
    /// The webhook's URL.
    pub webhook: FunctionUrl,
    /// The ingest function.
    pub ingest: Arc<Function>,
    /// The target function.
    pub target: Arc<Function>,
    /// The custom bus, where the ingest function puts the events of some types, for rules of one's own.
    pub bus: EventBus,
    /// The partner bus, whose events wait in the same queue as what the ingest function sends.
    pub partner_bus: EventBus,
    /// A partner bus whose rule invokes the target directly.
    pub direct_bus: EventBus,
    /// The queue before the target.
    pub deliver_queue: Arc<Queue>,
    /// The dead-letter queue.
    pub set_aside_queue: Arc<Queue>,
    /// The mapping from the queue to the target.
    pub mapping: EventSource,
    /// The endpoint of the `http` sink.
    pub collector: Collector,
    /// The table of ledger and checkpoint.
    pub ledger: Table,
    /// The health of the custom bus.
    pub bus_faults: Faults,
    /// The health of the queues' endpoint.
    pub queue_faults: Faults,
    /// The health of the collector.
    pub collector_faults: Faults,
    /// The health of the table.
    pub ledger_faults: Faults,
    sqs: SqsEndpoint,
    deliver_url: String,
    set_aside_url: String,
    options: CloudOptions,
}

impl Cloud {
    /// Puts another queue beside the others, which no mapping reads; what is delayed there is ready at once.
    pub fn add_queue(&self, name: &str) -> Arc<Queue> {
        let options = QueueOptions {
            delay_divisor: u32::MAX,
            ..QueueOptions::default()
        };
        let queue = Queue::new(name, options);
        self.sqs.add(Arc::clone(&queue));
        queue
    }

    /// Starts everything around the built functions.
    pub async fn start(binaries: &Binaries, options: CloudOptions) -> Result<Self, CloudError> {
        let [bus_faults, queue_faults, collector_faults, ledger_faults] =
            [1, 2, 3, 4].map(Faults::seeded);
        let (deliver_queue, set_aside_queue) = queues(&options);
        let sqs = SqsEndpoint::start(queue_faults.clone()).await?;
        let set_aside_url = sqs.add(Arc::clone(&set_aside_queue));
        let deliver_url = sqs.add(Arc::clone(&deliver_queue));
        let collector =
            Collector::start(collector_options(&options), collector_faults.clone()).await?;
        let ledger = Table::start("ledger", ledger_faults.clone()).await?;
        let bus = EventBus::start("auth0-logs", bus_faults.clone()).await?;
        let partner_bus = EventBus::start(PARTNER_SOURCE, Faults::healthy()).await?;
        let direct_bus = EventBus::start(PARTNER_SOURCE, Faults::healthy()).await?;

        let shared = [
            ("DEAD_LETTER_QUEUE_URL", set_aside_url.clone()),
            ("AWS_ENDPOINT_URL_SQS", sqs.url()),
        ];
        let ingest = start_function(
            binaries,
            ("aws-webhook-ingest", options.ingest_concurrency),
            &options,
            shared
                .iter()
                .cloned()
                .chain(of_ingest(deliver_url.clone(), &bus)),
        )?;
        let target = start_function(
            binaries,
            ("aws-eventbridge-target", options.target_concurrency),
            &options,
            shared
                .into_iter()
                .chain(sinks(&options, &collector, &ledger)),
        )?;

        partner_bus.add_rule(to_queue(&deliver_queue)?)?;
        direct_bus.add_rule(to_function(&target, &set_aside_queue)?)?;
        let mapping = start_mapping(&deliver_queue, &target, &options)?;
        Ok(Self {
            webhook: FunctionUrl::start(Arc::clone(&ingest)).await?,
            ingest,
            target,
            bus,
            partner_bus,
            direct_bus,
            deliver_queue,
            set_aside_queue,
            mapping,
            collector,
            bus_faults,
            queue_faults,
            collector_faults,
            ledger,
            ledger_faults,
            sqs,
            deliver_url,
            set_aside_url,
            options,
        })
    }

    /// A poller beside the other functions, which sends to the target's queue, and knows its ledger and the settings of its
    /// sinks; `settings` are the tenant's, and more.
    pub fn start_poller(
        &self,
        binaries: &Binaries,
        settings: Vec<(String, String)>,
        timeout: Duration,
    ) -> Result<Arc<Function>, CloudError> {
        let options = CloudOptions {
            environment: settings,
            timeout,
            ..self.options.clone()
        };
        let own = [
            ("DEAD_LETTER_QUEUE_URL", self.set_aside_url.clone()),
            ("AWS_ENDPOINT_URL_SQS", self.sqs.url()),
            ("CHECKPOINT_TABLE", self.ledger.name().to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.ledger.url()),
        ];
        let to_queue = [
            ("SINKS", "event-queue".to_owned()),
            ("EVENT_QUEUE_URL", self.deliver_url.clone()),
        ];
        let of_target = sinks(&self.options, &self.collector, &self.ledger);
        let settings = own.into_iter().chain(of_target).chain(to_queue);
        start_function(binaries, (POLLER, MAX_POLLERS), &options, settings)
    }
}

fn ledger_settings(
    options: &CloudOptions,
    ledger: &Table,
) -> impl Iterator<Item = (&'static str, String)> {
    let settings = [
        ("LEDGER_TABLE", ledger.name().to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", ledger.url()),
    ];
    settings.into_iter().filter(|_| options.has_ledger_table)
}

fn start_mapping(
    queue: &Arc<Queue>,
    target: &Arc<Function>,
    options: &CloudOptions,
) -> Result<EventSource, MappingError> {
    let mapping = options.mapping.clone();
    EventSource::start(Arc::clone(queue), Arc::clone(target), mapping)
}

fn queues(options: &CloudOptions) -> (Arc<Queue>, Arc<Queue>) {
    let set_aside_queue = Queue::new("set-aside", QueueOptions::default());
    let deliver_options = QueueOptions {
        visibility_timeout: options.visibility_timeout,
        redrive: Some(Redrive {
            max_receive_count: 240,
            dead_letter_queue: Arc::clone(&set_aside_queue),
        }),
        // A minute is 200 ms, as long as what a mapping gives back waits here.
        delay_divisor: 300,
    };
    (Queue::new("deliver", deliver_options), set_aside_queue)
}

fn to_queue(queue: &Arc<Queue>) -> Result<Rule, PatternError> {
    rule(Target::Queue(Arc::clone(queue)))
}

fn to_function(function: &Arc<Function>, on_failure: &Arc<Queue>) -> Result<Rule, PatternError> {
    let target = AsyncTarget::new(function.name(), Arc::clone(function))
        .retry_after([Duration::from_millis(200); 2])
        .throttle_delay(Duration::from_millis(20))
        .on_failure(Arc::clone(on_failure));
    rule(Target::Function(Arc::new(target)))
}

fn rule(target: Target) -> Result<Rule, PatternError> {
    Ok(Rule {
        name: "auth0-logs".to_owned(),
        pattern: Pattern::parse(RULE_PATTERN)?,
        targets: vec![target],
    })
}

fn collector_options(options: &CloudOptions) -> CollectorOptions {
    CollectorOptions {
        file: options.collector_file.clone(),
        keeps_events: options.keeps_events,
        ..CollectorOptions::default()
    }
}

fn of_ingest(deliver_url: String, bus: &EventBus) -> [(&'static str, String); 6] {
    [
        ("WEBHOOK_TOKENS", TOKEN.to_owned()),
        ("SINKS", "event-queue,event-bus".to_owned()),
        ("EVENT_QUEUE_URL", deliver_url),
        ("EVENT_BUS_NAME", bus.name().to_owned()),
        ("EVENT_BUS_INCLUDE_TYPES", BUS_TYPES.to_owned()),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", bus.url()),
    ]
}

/// The target's sinks, and the ledger that guards them.
fn sinks(
    options: &CloudOptions,
    collector: &Collector,
    ledger: &Table,
) -> impl Iterator<Item = (&'static str, String)> {
    let file = options
        .file_sink
        .as_ref()
        .map(|path| path.display().to_string());
    let sinks = if file.is_some() { "http,file" } else { "http" };
    [
        Some(("SINKS", sinks.to_owned())),
        Some(("HTTP_SINK_URL", collector.url())),
        file.map(|path| ("FILE_SINK_PATH", path)),
    ]
    .into_iter()
    .flatten()
    .chain(ledger_settings(options, ledger))
}

fn start_function(
    binaries: &Binaries,
    (name, concurrency): (&'static str, usize),
    options: &CloudOptions,
    environment: impl Iterator<Item = (&'static str, String)>,
) -> Result<Arc<Function>, CloudError> {
    let binary = binaries.path(name).ok_or(CloudError::NoBinary(name))?;
    let own = environment.map(|(name, value)| (name.to_owned(), value));
    let mut function = FunctionOptions::new(name, binary);
    function.timeout = options.timeout;
    function.concurrency = concurrency;
    function.environment = [("TENANT_NAME".to_owned(), TENANT.to_owned())]
        .into_iter()
        .chain(own)
        .chain(options.environment.iter().cloned())
        .collect();
    function.output_file = options
        .output_folder
        .as_ref()
        .map(|folder| folder.join(format!("{name}.log")));
    Ok(Arc::new(Function::start(function)?))
}
