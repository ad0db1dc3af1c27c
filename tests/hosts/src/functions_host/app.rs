//! An app as it is deployed: `host.json`, a folder with `function.json` for each function, the handler's executable.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

/// What the real host takes where `functionTimeout` is not set (Flex and Premium).
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(30);

/// An app that the host can run.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) executable: PathBuf,
    pub(crate) timeout: Duration,
    pub(crate) route_prefix: String,
    pub(crate) http: HttpPassing,
    /// Those that are not disabled.
    pub(crate) functions: BTreeMap<String, Trigger>,
    /// The functions that are tried again, by the host itself.
    pub(crate) retries: BTreeMap<String, RetryPolicy>,
}

/// How the host tries an invocation again; it does so for timers and for events alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryPolicy {
    pub(crate) max_retries: u32,
    pub(crate) delay: Duration,
}

/// How requests of functions that are only HTTP come to the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HttpPassing {
    /// As an invocation like any other.
    Invocation,
    /// Rebuilt by the host: a chunked body fails.
    Forwarded,
    /// Streamed.
    Proxied,
}

/// What starts a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trigger {
    EventGrid {
        binding: String,
        is_many: bool,
    },
    Timer {
        binding: String,
        schedule: String,
    },
    Http {
        binding: String,
        output: String,
        route: String,
        methods: Vec<String>,
        needs_key: bool,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HostJson {
    version: String,
    custom_handler: CustomHandler,
    #[serde(default)]
    extensions: Extensions,
    extension_bundle: Option<ExtensionBundle>,
    function_timeout: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CustomHandler {
    description: Description,
    #[serde(default)]
    enable_forwarding_http_request: bool,
    #[serde(default)]
    enable_proxying_http_request: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    default_executable_path: String,
}

#[derive(Deserialize, Default)]
struct Extensions {
    http: Option<HttpExtension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpExtension {
    route_prefix: Option<String>,
}

#[derive(Deserialize)]
struct ExtensionBundle {
    id: String,
    version: String,
}

#[derive(Deserialize)]
struct FunctionJson {
    bindings: Vec<Binding>,
    #[serde(default)]
    disabled: bool,
    retry: Option<RetryJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RetryJson {
    strategy: String,
    max_retry_count: u32,
    delay_interval: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Binding {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    direction: String,
    cardinality: Option<String>,
    schedule: Option<String>,
    route: Option<String>,
    methods: Option<Vec<String>>,
    auth_level: Option<String>,
}

impl App {
    /// Reads an app's folder; an error says what the real host would stumble over.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let host: HostJson = read_json(&root.join("host.json"))?;
        if host.version != "2.0" {
            return Err(format!("host.json: version {} is not 2.0", host.version));
        }
        let mut functions = BTreeMap::new();
        let mut retries = BTreeMap::new();
        let entries = fs::read_dir(root).map_err(|error| error.to_string())?;
        for entry in entries {
            let path = entry.map_err(|error| error.to_string())?.path();
            let file = path.join("function.json");
            if !file.is_file() {
                continue;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let function: FunctionJson = read_json(&file)?;
            let trigger = trigger(function.bindings)?;
            if function.disabled {
                continue;
            }
            if let Some(retry) = function.retry {
                retries.insert(name.to_string(), policy(&retry)?);
            }
            functions.insert(name.into_owned(), trigger);
        }
        let needs_bundle = functions
            .values()
            .any(|trigger| matches!(trigger, Trigger::EventGrid { .. }));
        let bundle = host.extension_bundle.as_ref();
        let has_bundle = bundle.is_some_and(|bundle| {
            bundle.id == "Microsoft.Azure.Functions.ExtensionBundle"
                && bundle.version.starts_with('[')
        });
        if needs_bundle && !has_bundle {
            return Err("eventGridTrigger is known by the extension bundle only".to_owned());
        }
        let handler = &host.custom_handler;
        let http = match (
            handler.enable_proxying_http_request,
            handler.enable_forwarding_http_request,
        ) {
            (true, _) => HttpPassing::Proxied,
            (false, true) => HttpPassing::Forwarded,
            (false, false) => HttpPassing::Invocation,
        };
        let timeout = host.function_timeout.as_deref().map(duration);
        let prefix = host.extensions.http.and_then(|http| http.route_prefix);
        Ok(Self {
            executable: root.join(&handler.description.default_executable_path),
            timeout: timeout.transpose()?.unwrap_or(DEFAULT_TIMEOUT),
            route_prefix: prefix.unwrap_or_else(|| "api".to_owned()),
            http,
            functions,
            retries,
        })
    }
}

fn policy(retry: &RetryJson) -> Result<RetryPolicy, String> {
    if retry.strategy != "fixedDelay" {
        return Err(format!("this host knows no retry `{}`", retry.strategy));
    }
    let delay = retry.delay_interval.as_deref();
    Ok(RetryPolicy {
        max_retries: retry.max_retry_count,
        delay: duration(delay.ok_or("a fixedDelay without its delayInterval")?)?,
    })
}

fn trigger(bindings: Vec<Binding>) -> Result<Trigger, String> {
    let output = bindings
        .iter()
        .find(|binding| binding.direction == "out" && binding.kind == "http")
        .map(|binding| binding.name.clone());
    let mut triggers = bindings
        .into_iter()
        .filter(|binding| binding.kind.ends_with("Trigger") && binding.direction == "in");
    let (Some(binding), None) = (triggers.next(), triggers.next()) else {
        return Err("a function has one trigger".to_owned());
    };
    match binding.kind.as_str() {
        "eventGridTrigger" => Ok(Trigger::EventGrid {
            binding: binding.name,
            is_many: binding.cardinality.as_deref() == Some("many"),
        }),
        "timerTrigger" => {
            let schedule = binding.schedule.unwrap_or_default();
            // NCRONTAB with seconds, or the name of a setting.
            if schedule.split_whitespace().count() != 6 && !schedule.starts_with('%') {
                return Err(format!("`{schedule}` is no schedule of six fields"));
            }
            Ok(Trigger::Timer {
                binding: binding.name,
                schedule,
            })
        }
        "httpTrigger" => Ok(Trigger::Http {
            output: output.ok_or("an httpTrigger without an http output")?,
            route: binding.route.ok_or("an httpTrigger without a route")?,
            methods: binding.methods.unwrap_or_default(),
            needs_key: binding.auth_level.as_deref() != Some("anonymous"),
            binding: binding.name,
        }),
        other => Err(format!("this host knows no {other}")),
    }
}

fn read_json<T: for<'d> Deserialize<'d>>(path: &Path) -> Result<T, String> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))
}

/// Reads `hh:mm:ss`.
fn duration(text: &str) -> Result<Duration, String> {
    let parts: Result<Vec<u64>, _> = text.split(':').map(str::parse).collect();
    match parts.as_deref() {
        Ok([hours, minutes, seconds]) => {
            Ok(Duration::from_secs(hours * 3_600 + minutes * 60 + seconds))
        }
        _ => Err(format!("`{text}` is no time span")),
    }
}
