//! Three lists of settings are one: what a function reads, what its README names, what the templates set; and the sinks that
//! a function has are those that its template offers.

mod bicep;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use cargo_local::{azure_cloud, cloud};
use relay::settings::FunctionSettings;
use relay::{SinkKind, StdoutSink};

type Names = BTreeSet<String>;

/// Endpoints of single services, of which every function reads all and a README names its own.
const SERVICE_ENDPOINT: &str = "AWS_ENDPOINT_URL_";

/// What functions read and the template does not set, with the reason.
const NOT_SET_BY_THE_TEMPLATE: [(&str, &str); 15] = [
    ("AUTH0_API_URL", "tests"),
    ("AWS_ACCESS_KEY_ID", "Lambda sets it"),
    ("AWS_ENDPOINT_URL", "private endpoints and tests"),
    ("AWS_REGION", "Lambda sets it"),
    ("AWS_SECRET_ACCESS_KEY", "Lambda sets it"),
    ("AWS_SESSION_TOKEN", "Lambda sets it"),
    ("AZURE_AUTHORITY_HOST", "Azure's national clouds and tests"),
    (
        "EVENT_BUS_EXCLUDE_CATEGORIES",
        "one list of types says what rules of one's own are to see",
    ),
    ("EVENT_BUS_EXCLUDE_TYPES", "the same"),
    ("EVENT_BUS_INCLUDE_CATEGORIES", "the same"),
    (
        "EVENT_BUS_INCLUDE_TYPES",
        "the target's bus gets dead letters only; the ingest function's is set",
    ),
    (
        "FILE_SINK_PATH",
        "a Lambda's files end with it, so the template offers no file sink",
    ),
    (
        "LOGS_INGESTION_STREAM",
        "a rule made for these rows has the stream of the default",
    ),
    (
        "RAW",
        "the poller's queue gets log events as they are; the target's is set",
    ),
    ("SSL_CERT_FILE", "private endpoints and tests"),
];

/// What the template sets for another function, for the reason that stands there.
const SET_FOR_SOME: [&str; 2] = ["EVENT_BUS_INCLUDE_TYPES", "RAW"];

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Texts of which every setting that must be there takes one: a name, two URLs, the ID of a rule, a port.
const SAMPLES: [&str; 6] = [
    "acme",
    "acme.eu.auth0.com",
    "https://acme.example.com/api/events",
    "http://127.0.0.1:41/msi/token",
    "dcr-0123456789abcdef",
    "7071",
];

/// A function as its own code has it.
struct Function {
    name: String,
    sinks: Vec<&'static str>,
    /// The settings that it reads when it starts with every sink that it has; a secret by its value's name.
    read: Names,
    /// The value's name for each setting that refers to a secret.
    references: BTreeMap<String, String>,
}

impl Function {
    fn of<S: FunctionSettings>(name: &str, sinks: &[SinkKind]) -> Self {
        let sinks: Vec<&'static str> = sinks.iter().map(|kind| kind.name).collect();
        let asked = names_asked_for::<S>(&sinks.join(","));
        let references = S::secrets().into_iter().flat_map(|secret| {
            // Those of the other cloud's store are asked for, too, only to be refused.
            let settings = ["ARN", "URI"].map(|suffix| secret.reference_setting(suffix));
            settings.map(|setting| (setting, secret.setting().to_owned()))
        });
        let mut function = Self {
            name: name.to_owned(),
            sinks,
            read: Names::new(),
            references: references.collect(),
        };
        let read = asked.iter().map(|name| function.without_reference(name));
        function.read = read.collect();
        assert!(function.read.len() > 10, "{:?}", function.read);
        // A secret that the function does not fetch would be asked for in vain.
        let in_vain = function.read.iter().filter(|name| {
            let is_reference = |suffix| name.ends_with(&format!("_SECRET_{suffix}"));
            is_reference("ARN") || is_reference("URI")
        });
        assert_eq!(in_vain.collect::<Vec<_>>(), [""; 0], "{name}");
        function
    }

    /// A secret is one setting, given by its value or by what refers to it.
    fn without_reference(&self, name: &str) -> String {
        self.references
            .get(name)
            .map_or(name, String::as_str)
            .to_owned()
    }

    /// The names in the README's table of settings, and in those of its sinks on their page.
    fn names_in_readme(&self) -> Names {
        let readme = root().join("functions").join(&self.name).join("README.md");
        let readme = fs::read_to_string(readme).unwrap();
        let page = fs::read_to_string(root().join("docs/sinks.md")).unwrap();
        let of_sinks = self.sinks.iter().flat_map(|sink| {
            let title = format!("\n## `{sink}`\n");
            let (_, section) = page.split_once(&title).unwrap_or_else(|| panic!("{title}"));
            let section = section.split("\n## ").next().unwrap();
            rows_of_settings(section).filter(|row| self.is_on_aws() || !row.contains("| on AWS: "))
        });
        let rows = rows_of_settings(&readme).chain(of_sinks);
        let cells = rows.map(|row| row.split('|').nth(1).unwrap());
        cells
            .flat_map(|cell| cell.split('`').skip(1).step_by(2))
            .map(|name| self.without_reference(name))
            .collect()
    }

    fn is_on_aws(&self) -> bool {
        self.name.starts_with("aws-")
    }

    /// The names that are set by the template that builds it.
    fn names_in_template(&self) -> Names {
        let code_uri = format!("CodeUri: ../../functions/{}/", self.name);
        let entries = fs::read_dir(root().join("infra/aws")).unwrap();
        let files = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file());
        let templates = files.map(|path| fs::read_to_string(path).unwrap());
        let building: Vec<String> = templates.filter(|text| text.contains(&code_uri)).collect();
        assert_eq!(building.len(), 1, "{}: templates that build it", self.name);
        let names = variables(&building[0].lines().collect::<Vec<_>>());
        let names = names.iter().map(|name| self.without_reference(name));
        names.collect()
    }
}

/// The rows of a page's table of settings; none if it has no such table.
fn rows_of_settings(page: &str) -> impl Iterator<Item = &str> {
    let table = page.split_once("| name | meaning |\n");
    let lines = table.into_iter().flat_map(|(_, table)| table.lines());
    lines.take_while(|line| line.starts_with('|')).skip(1)
}

/// The names that a function asks its environment for when it starts with these sinks.
fn names_asked_for<S: FunctionSettings>(sinks: &str) -> Names {
    let folder = tempfile::tempdir().unwrap();
    let file = folder
        .path()
        .join("file.ndjson")
        .to_str()
        .unwrap()
        .to_owned();
    // The index of the sample that a setting is given.
    let mut given = BTreeMap::<String, usize>::new();
    loop {
        let asked = RefCell::new(Names::new());
        let settings = relay::settings::read::<S>(&|name| {
            asked.borrow_mut().insert(name.to_owned());
            match name {
                "SINKS" => Some(sinks.to_owned()),
                "FILE_SINK_PATH" => Some(file.clone()),
                _ => given.get(name).map(|index| SAMPLES[*index].to_owned()),
            }
        });
        // A setting that is missing or wrong could hide one that is read after it.
        let Err(error) = settings else {
            return asked.into_inner();
        };
        let problems = error.to_string();
        for problem in problems.lines().skip(1) {
            let (name, _) = problem.trim().split_once(':').unwrap();
            let next = given.get(name).map_or(0, |index| index + 1);
            assert!(next < SAMPLES.len(), "no sample fits: {problem}");
            given.insert(name.to_owned(), next);
        }
    }
}

/// A [`Function`] for each package.
macro_rules! functions {
    ($($cloud:ident::$package:ident),+ $(,)?) => {
        vec![$(Function::of::<$cloud::$package::Settings>(
            &stringify!($package).replace('_', "-"),
            &$cloud::$package::Settings::sinks(None).kinds(),
        )),+]
    };
}

fn all_functions() -> Vec<Function> {
    functions![
        cloud::aws_webhook_ingest,
        cloud::aws_eventbridge_target,
        cloud::aws_log_poller,
        azure_cloud::azure_webhook_ingest,
        azure_cloud::azure_eventgrid_subscriber,
        azure_cloud::azure_log_poller,
    ]
}

fn functions_on_aws() -> impl Iterator<Item = Function> {
    all_functions().into_iter().filter(Function::is_on_aws)
}

fn functions_on_azure() -> impl Iterator<Item = Function> {
    let functions = all_functions().into_iter();
    functions.filter(|function| !function.is_on_aws())
}

/// A line of YAML: how far it is indented, and what it says.
fn indented(line: &str) -> (usize, &str) {
    let text = line.trim_start();
    (line.len() - text.len(), text)
}

/// The lines below the one that opens a block, up to the next line that is not deeper.
fn block<'a>(lines: &[&'a str], opens: impl Fn(&str) -> bool) -> Vec<&'a str> {
    let begin = lines.iter().position(|line| opens(line)).unwrap();
    let (depth, _) = indented(lines[begin]);
    let deeper = |line: &&&str| line.trim().is_empty() || indented(line).0 > depth;
    lines[begin + 1..]
        .iter()
        .take_while(deeper)
        .copied()
        .collect()
}

/// The variables that a block of the template sets: the members directly below `Variables`, but for those that the C library
/// reads.
fn variables(lines: &[&str]) -> Names {
    let members = block(lines, |line| line.trim() == "Variables:");
    let (depth, _) = indented(members[0]);
    members
        .iter()
        .map(|line| indented(line))
        .filter(|(indent, text)| *indent == depth && !text.starts_with('#'))
        .map(|(_, text)| text.split(':').next().unwrap().to_owned())
        .filter(|name| !name.starts_with("MALLOC_"))
        .collect()
}

fn split(names: Names, is_one: impl Fn(&&String) -> bool) -> (Names, Names) {
    names.into_iter().partition(|name| is_one(&name))
}

fn check_readme(function: &Function) {
    let name = &function.name;
    let is_endpoint = |name: &&String| name.starts_with(SERVICE_ENDPOINT);
    let (endpoints_in_readme, in_readme) = split(function.names_in_readme(), is_endpoint);
    let (endpoints_read, read) = split(function.read.clone(), is_endpoint);
    assert_eq!(in_readme, read, "{name}: README and code");
    assert!(
        !endpoints_in_readme.is_empty() && endpoints_in_readme.is_subset(&endpoints_read),
        "{endpoints_in_readme:?}"
    );
}

/// What the template sets is what the function reads.
fn check_template(function: &Function) {
    let name = &function.name;
    let read = &function.read;
    let read = read
        .iter()
        .filter(|name| !name.starts_with(SERVICE_ENDPOINT));
    let read: Names = read.cloned().collect();
    let set = function.names_in_template();
    let unread: Vec<&String> = set.difference(&read).collect();
    assert_eq!(
        unread, [""; 0],
        "{name}: the template sets what nobody reads"
    );
    let not_set: Names = read.difference(&set).cloned().collect();
    let explained: Names = NOT_SET_BY_THE_TEMPLATE
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .filter(|name| read.contains(name))
        .filter(|name| !(SET_FOR_SOME.contains(&name.as_str()) && set.contains(name)))
        .collect();
    assert_eq!(
        not_set, explained,
        "{name}: read, and not set by the template"
    );
}

const POLLER: &str = "aws-log-poller";

/// In the stack the poller has one sink, which leads to the target and so to every other.
#[test]
fn the_settings_of_the_poller_on_aws_are_in_code_readme_and_template() {
    let mut functions = functions_on_aws();
    let poller = functions.find(|function| function.name == POLLER).unwrap();
    check_readme(&poller);
    let mut sinks = cloud::aws_log_poller::Settings::sinks(None).kinds();
    sinks.retain(|kind| kind.name == "event-queue");
    check_template(&Function::of::<cloud::aws_log_poller::Settings>(
        POLLER, &sinks,
    ));
}

#[test]
fn the_settings_of_the_functions_on_aws_are_in_code_readme_and_template() {
    for function in functions_on_aws().filter(|function| function.name != POLLER) {
        check_readme(&function);
        check_template(&function);
        let set = function.names_in_template();
        let is_webhook = function.name == "aws-webhook-ingest";
        // The target's are not set, so `check` lets them be missing.
        assert!(set.contains("SINKS"));
        assert!(set.contains("EVENT_BUS_INCLUDE_TYPES") || !is_webhook);
    }
}

/// Sinks of the target that the template does not offer, with the reason.
const NOT_OFFERED_BY_THE_TEMPLATE: [(&str, &str); 2] = [
    ("event-bus", "its dead letters are replayed onto it unasked"),
    ("file", "a Lambda's files end with it"),
];

/// `(http|file)(:(raw|ecs))?` for sinks that take the same schemas.
fn entries(sinks: &[SinkKind]) -> String {
    let names: Vec<&str> = sinks.iter().map(|kind| kind.name).collect();
    let schemas: Vec<&str> = sinks[0]
        .schemas
        .iter()
        .map(|schema| schema.name())
        .collect();
    let names = match names.as_slice() {
        [name] => (*name).to_owned(),
        names => format!("({})", names.join("|")),
    };
    format!("{names}(:({}))?", schemas.join("|"))
}

#[test]
fn the_template_offers_every_sink_and_schema_and_asks_for_what_a_sink_needs() {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let mut sinks = cloud::aws_eventbridge_target::Settings::sinks(None).kinds();
    let count = sinks.len();
    sinks.retain(|kind| {
        let mut not_offered = NOT_OFFERED_BY_THE_TEMPLATE.iter();
        !not_offered.any(|(name, _)| *name == kind.name)
    });
    assert_eq!(sinks.len() + NOT_OFFERED_BY_THE_TEMPLATE.len(), count);
    let all = StdoutSink::KIND.schemas;
    let (of_any_schema, others): (Vec<SinkKind>, Vec<SinkKind>) =
        sinks.iter().partition(|kind| kind.schemas == all);
    let mut patterns = vec![entries(&of_any_schema)];
    patterns.extend(others.chunks(1).map(entries));
    let pattern = format!("'^({})$'", patterns.join("|"));
    assert!(template.contains(&pattern), "{pattern}");
    // Standard output needs nothing.
    for kind in sinks.iter().filter(|kind| **kind != StdoutSink::KIND) {
        let schemas = kind.schemas.iter().map(|schema| schema.name());
        let with_schemas = schemas.map(|schema| format!("\"{}:{schema}\"", kind.name));
        for entry in with_schemas.chain([kind.name.to_owned()]) {
            let condition = format!("!Contains [!Ref Sinks, {entry}]");
            assert!(template.contains(&condition), "{condition}");
        }
    }
}

#[test]
fn every_function_has_its_lists_compared() {
    let entries = fs::read_dir(root().join("functions")).unwrap();
    let functions: BTreeSet<String> = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let compared = all_functions().into_iter().map(|function| function.name);
    assert_eq!(functions, compared.collect());
}
