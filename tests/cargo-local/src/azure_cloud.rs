//! The Azure paths as they are deployed: webhook app, topics, subscriber app, Log Analytics; the functions are real.

mod app_folder;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::binaries::Binaries;
use crate::cloud::{TENANT, TOKEN};
use app_folder::AppFolder;
use fakes::azure::blobs::BlobStorage;
use fakes::azure::entra::Entra;
use fakes::azure::event_grid::{EventSchema, Subscription, SubscriptionOptions, Topic};
use fakes::azure::key_vault::KeyVault;
use fakes::azure::logs_ingestion::LogsIngestion;
use fakes::azure::tables::TableStorage;
use fakes::faults::Faults;
use hosts::functions_host::{FunctionsHost, HostError, HostOptions};

// The functions' own code, for tests of it.
pub use {azure_eventgrid_subscriber, azure_log_poller, azure_webhook_ingest};

/// The webhook app.
pub const INGEST: &str = "azure-webhook-ingest";
/// The subscriber app.
pub const SUBSCRIBER: &str = "azure-eventgrid-subscriber";
/// The poller app.
pub const POLLER: &str = "azure-log-poller";

/// What a local cloud of Azure is made of.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a choice of its own, and tests name those that they change"
)]
pub struct AzureOptions {
    /// More settings of both apps, or others.
    pub environment: Vec<(String, String)>,
    /// Settings that both apps read from Key Vault, with the first version of each secret.
    pub secrets: Vec<(String, String)>,
    /// How long an invocation may take; none leaves it to `host.json`.
    pub timeout: Option<Duration>,
    /// Where the subscriber's `file` sink writes; none leaves that sink out.
    pub file_sink: Option<PathBuf>,
    /// Whether the ledger is in a table.
    pub has_ledger_table: bool,
    /// Whether `deliver` gets events one by one instead of many at once.
    pub is_single: bool,
    /// Whether the webhook's host passes requests on as they come, as its `host.json` says.
    pub is_proxied: bool,
    /// How both subscriptions deliver; name and endpoint are set for them, and the types are those of the custom topic's.
    pub subscription: SubscriptionOptions,
    /// Where each app's output goes; none keeps it in memory only.
    pub output_folder: Option<PathBuf>,
    /// How long the hosts keep an idle connection; none is as long as the real one.
    pub idle_limit: Option<Duration>,
    /// Whether the hosts start two handlers where they have killed one.
    pub races_restarts: bool,
}

impl Default for AzureOptions {
    fn default() -> Self {
        Self {
            environment: Vec::new(),
            secrets: Vec::new(),
            timeout: None,
            file_sink: None,
            has_ledger_table: true,
            is_single: false,
            is_proxied: true,
            subscription: SubscriptionOptions {
                types: vec!["com.auth0.Logs".to_owned()],
                max_events: 100,
                preferred_bytes: 512 * 1_024,
                ..SubscriptionOptions::new("", "")
            },
            output_folder: None,
            idle_limit: None,
            races_restarts: false,
        }
    }
}

/// Why a local cloud of Azure does not start.
#[derive(Debug, thiserror::Error)]
pub enum AzureCloudError {
    /// A build without one of the functions.
    #[error("the build made no `{0}`")]
    NoBinary(&'static str),
    /// A port cannot be opened, a file not be written or a process not be started.
    #[error("cannot start a part of the local cloud")]
    Start(#[from] io::Error),
    /// An app cannot be hosted.
    #[error("cannot host an app")]
    Host(#[from] HostError),
}

/// The health of each service.
#[derive(Debug, Clone)]
pub struct AzureFaults {
    /// The custom topic's endpoint.
    pub topic: Faults,
    /// The Logs Ingestion endpoint.
    pub logs: Faults,
    /// The container of dead letters.
    pub dead_letters: Faults,
    /// The ledger's table.
    pub ledger: Faults,
    /// The token endpoints.
    pub entra: Faults,
    /// Key Vault.
    pub vault: Faults,
}

/// A running local cloud of Azure. Dropping it ends every process and port.
#[derive(Debug)]
pub struct AzureCloud {
    /// The webhook app.
    pub ingest: FunctionsHost,
    /// The subscriber app.
    pub subscriber: FunctionsHost,
    /// The custom topic, where the webhook app puts events.
    pub topic: Topic,
    /// The partner topic, in Event Grid's own schema.
    pub partner_topic: Topic,
    /// The subscription of the custom topic.
    pub subscription: Arc<Subscription>,
    /// The subscription of the partner topic.
    pub partner_subscription: Arc<Subscription>,
    /// The endpoint of the sink `log-analytics`.
    pub logs: LogsIngestion,
    /// The container of dead letters, ours and Event Grid's own.
    pub dead_letters: Arc<BlobStorage>,
    /// The ledger's table.
    pub ledger: TableStorage,
    /// Who hands out tokens.
    pub entra: Entra,
    /// Where secrets are kept, each by the name that [`secret_name`] makes of its setting.
    pub vault: KeyVault,
    /// The health of each service.
    pub faults: AzureFaults,
    output_folder: Option<PathBuf>,
    _folders: [AppFolder; 2],
}

/// A poller in its host.
#[derive(Debug)]
pub struct PollerApp {
    /// The host.
    pub host: FunctionsHost,
    _folder: AppFolder,
}

/// What the apps speak to.
struct Services {
    entra: Entra,
    vault: KeyVault,
    dead_letters: Arc<BlobStorage>,
    ledger: TableStorage,
    logs: LogsIngestion,
    topic: Topic,
    partner_topic: Topic,
    faults: AzureFaults,
}

impl Services {
    async fn start() -> io::Result<Self> {
        let [topic, logs, dead_letters, ledger, entra, vault] =
            [11, 12, 13, 14, 15, 16].map(Faults::seeded);
        let faults = AzureFaults {
            topic,
            logs,
            dead_letters,
            ledger,
            entra,
            vault,
        };
        let entra = Entra::start(faults.entra.clone()).await?;
        let tokens = || entra.tokens();
        let dead_letters =
            BlobStorage::start("dead-letters", tokens(), faults.dead_letters.clone()).await?;
        let (own, cloud_events) = (EventSchema::EventGrid, EventSchema::CloudEvents);
        let of_topic = faults.topic.clone();
        Ok(Self {
            dead_letters: Arc::new(dead_letters),
            vault: KeyVault::start(tokens(), faults.vault.clone()).await?,
            ledger: TableStorage::start("ledger", tokens(), faults.ledger.clone()).await?,
            logs: LogsIngestion::start(tokens(), faults.logs.clone()).await?,
            topic: Topic::start("auth0-logs", cloud_events, tokens(), of_topic).await?,
            partner_topic: Topic::start("auth0-partner", own, tokens(), Faults::healthy()).await?,
            entra,
            faults,
        })
    }

    /// The settings that both apps share.
    fn shared_settings(&self, secrets: &[(String, String)]) -> Vec<(String, String)> {
        let mut settings = self.entra.managed_identity();
        let own = [
            ("TENANT_NAME", TENANT.to_owned()),
            (
                "DEAD_LETTER_CONTAINER_ENDPOINT",
                self.dead_letters.endpoint(),
            ),
            ("EVENT_TOPIC_ENDPOINT", self.topic.endpoint()),
            // Whoever looks at a call's lines finds them as it ends.
            ("COUNTER_SECONDS", "0".to_owned()),
        ];
        settings.extend(own.map(|(name, value)| (name.to_owned(), value)));
        for (setting, value) in secrets {
            let uri = self.vault.put(&secret_name(setting), value);
            settings.push((format!("{setting}_SECRET_URI"), uri));
            // One of both is allowed.
            settings.push((setting.clone(), String::new()));
        }
        settings
    }

    fn subscriber_settings(&self, options: &AzureOptions) -> Vec<(String, String)> {
        let mut settings = self.logs.settings();
        settings.extend(sinks(options));
        if options.has_ledger_table {
            let endpoint = self.ledger.endpoint();
            settings.push(("LEDGER_TABLE_ENDPOINT".to_owned(), endpoint));
        }
        settings
    }
}

impl AzureCloud {
    /// Starts everything around the built functions.
    pub async fn start(
        binaries: &Binaries,
        options: AzureOptions,
    ) -> Result<Self, AzureCloudError> {
        let services = Services::start().await?;
        let folders = [
            app_folder(binaries, INGEST, false)?,
            app_folder(binaries, SUBSCRIBER, options.is_single)?,
        ];
        let [ingest, subscriber] = &folders;
        if !options.is_proxied {
            ingest.stop_proxying()?;
        }
        let shared = services.shared_settings(&options.secrets);
        let mut settings = vec![("WEBHOOK_TOKENS".to_owned(), TOKEN.to_owned())];
        settings.extend(shared.iter().cloned());
        let ingest = start_host(ingest, settings, &options).await?;
        let mut settings = services.subscriber_settings(&options);
        settings.extend(shared);
        let subscriber = start_host(subscriber, settings, &options).await?;

        let endpoint = subscriber.event_grid_url("deliver");
        let subscribing = |name: &str, schema| SubscriptionOptions {
            name: name.to_owned(),
            endpoint: endpoint.clone(),
            schema,
            dead_letters: Some(Arc::clone(&services.dead_letters)),
            ..options.subscription.clone()
        };
        let own = SubscriptionOptions {
            types: Vec::new(),
            ..subscribing("from-auth0", EventSchema::EventGrid)
        };
        let cloud_events = subscribing("from-webhook", EventSchema::CloudEvents);
        Ok(Self {
            subscription: services.topic.subscribe(cloud_events).await?,
            partner_subscription: services.partner_topic.subscribe(own).await?,
            ingest,
            subscriber,
            topic: services.topic,
            partner_topic: services.partner_topic,
            logs: services.logs,
            dead_letters: services.dead_letters,
            ledger: services.ledger,
            entra: services.entra,
            vault: services.vault,
            faults: services.faults,
            output_folder: options.output_folder,
            _folders: folders,
        })
    }

    /// Hosts a poller beside the other apps, with their sinks and their ledger; `settings` are the tenant's, and more.
    pub async fn start_poller(
        &self,
        binaries: &Binaries,
        settings: Vec<(String, String)>,
    ) -> Result<PollerApp, AzureCloudError> {
        let folder = app_folder(binaries, POLLER, false)?;
        let mut all = self.entra.managed_identity();
        all.extend(self.logs.settings());
        let own = [
            ("TENANT_NAME", TENANT.to_owned()),
            (
                "DEAD_LETTER_CONTAINER_ENDPOINT",
                self.dead_letters.endpoint(),
            ),
            ("LEDGER_TABLE_ENDPOINT", self.ledger.endpoint()),
            ("CHECKPOINT_TABLE_ENDPOINT", self.ledger.endpoint()),
            ("AUTH0_POLL_SCHEDULE", "0 */5 * * * *".to_owned()),
            ("COUNTER_SECONDS", "0".to_owned()),
        ];
        all.extend(own.map(|(name, value)| (name.to_owned(), value)));
        all.extend(settings);
        let options = AzureOptions {
            output_folder: self.output_folder.clone(),
            ..AzureOptions::default()
        };
        let host = start_host(&folder, all, &options).await?;
        Ok(PollerApp {
            host,
            _folder: folder,
        })
    }

    /// The webhook's URL.
    pub fn webhook_url(&self) -> String {
        self.ingest.http_url("receive").unwrap_or_default()
    }

    /// Waits until no event is on its way; an error is how many are.
    pub async fn settled(&self, patience: Duration) -> Result<(), usize> {
        self.subscription.settled(patience).await?;
        self.partner_subscription.settled(patience).await
    }
}

/// The name of the secret that holds a setting: a secret's name has no underscores.
pub fn secret_name(setting: &str) -> String {
    setting.to_ascii_lowercase().replace('_', "-")
}

fn sinks(options: &AzureOptions) -> impl Iterator<Item = (String, String)> {
    let file = options.file_sink.as_ref();
    let file = file.map(|path| path.display().to_string());
    let sinks = file.as_ref().map(|_| "log-analytics,file".to_owned());
    let sinks = sinks.map(|sinks| ("SINKS".to_owned(), sinks));
    let file = file.map(|path| ("FILE_SINK_PATH".to_owned(), path));
    sinks.into_iter().chain(file)
}

fn app_folder(
    binaries: &Binaries,
    name: &'static str,
    is_single: bool,
) -> Result<AppFolder, AzureCloudError> {
    let binary = binaries.path(name).ok_or(AzureCloudError::NoBinary(name))?;
    Ok(AppFolder::new(name, binary, is_single)?)
}

async fn start_host(
    folder: &AppFolder,
    settings: Vec<(String, String)>,
    options: &AzureOptions,
) -> Result<FunctionsHost, HostError> {
    let output_folder = options.output_folder.as_ref();
    let more = options.environment.iter().cloned();
    let real = HostOptions::new(folder.path());
    FunctionsHost::start(HostOptions {
        environment: settings.into_iter().chain(more).collect(),
        idle_limit: options.idle_limit.unwrap_or(real.idle_limit),
        races_restarts: options.races_restarts,
        timeout: options.timeout,
        output_file: output_folder.map(|output| output.join(format!("{}.log", folder.name()))),
        ..real
    })
    .await
}
