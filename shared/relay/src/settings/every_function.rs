//! What every function reads, whatever its trigger and its sinks are.

use tenant_logs::{Filter, FilterSettings, Redaction, TenantName};
use tracing::level_filters::LevelFilter;

use super::Reader;
use crate::secrets::WantedSecret;

const REDACT_KEY: &str = "REDACT_KEY";

/// What every function reads.
#[derive(Debug, Clone)]
pub struct CommonSettings {
    /// `TENANT_NAME`.
    pub tenant: TenantName,
    /// `INCLUDE_TYPES`, `EXCLUDE_TYPES`, `INCLUDE_CATEGORIES`, `EXCLUDE_CATEGORIES`.
    pub filter: Filter,
    /// `REDACT`, `REDACT_KEY` or what refers to it.
    pub redaction: Redaction,
    /// `WITHHOLD_UNREADABLE`.
    pub withholds_unreadable: bool,
    /// `LOG_LEVEL`.
    pub log_level: LevelFilter,
}

impl CommonSettings {
    /// The secret that they may refer to.
    pub const SECRET: WantedSecret = WantedSecret::current(REDACT_KEY);

    /// Reads them; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let tenant = reader.required_parsed(
            "TENANT_NAME",
            "1 to 63 letters, digits, `-`, `_` or `.`",
            |text| TenantName::parse(text).ok(),
        );
        let want = "off, error, warn, info, debug or trace";
        let log_level = reader.parsed_or("LOG_LEVEL", want, LevelFilter::INFO, |text| {
            text.parse().ok()
        });
        let filter = read_filter(reader, "");
        let redaction = read_redaction(reader);
        let want = "true or false";
        let withholds_unreadable =
            reader.parsed_or("WITHHOLD_UNREADABLE", want, false, |text| text.parse().ok());
        Some(Self {
            tenant: tenant?,
            filter: filter?,
            redaction: redaction?,
            withholds_unreadable: withholds_unreadable?,
            log_level: log_level?,
        })
    }
}

/// Reads the four lists of a filter, whose names begin with `prefix`; `None` if the reader noted a problem.
pub fn read_filter(reader: &mut Reader<'_>, prefix: &str) -> Option<Filter> {
    let names = [
        "INCLUDE_TYPES",
        "EXCLUDE_TYPES",
        "INCLUDE_CATEGORIES",
        "EXCLUDE_CATEGORIES",
    ]
    .map(|name| format!("{prefix}{name}"));
    let lists = names.each_ref().map(|name| reader.list(name));
    let [
        include_types,
        exclude_types,
        include_categories,
        exclude_categories,
    ] = lists.each_ref().map(Option::as_deref);
    let all = FilterSettings {
        include_types,
        exclude_types,
        include_categories,
        exclude_categories,
    };
    if let Ok(filter) = Filter::parse(all) {
        return Some(filter);
    }
    // Each list is read alone, to name the one that is wrong.
    for (name, list) in names.iter().zip(lists.each_ref()) {
        let is_types = name.ends_with("TYPES");
        let alone = FilterSettings {
            include_types: list.as_deref().filter(|_| is_types),
            include_categories: list.as_deref().filter(|_| !is_types),
            ..FilterSettings::default()
        };
        for problem in Filter::parse(alone).err().into_iter().flatten() {
            reader.problem(name, problem);
        }
    }
    None
}

fn read_redaction(reader: &mut Reader<'_>) -> Option<Redaction> {
    let rules = reader.list("REDACT").unwrap_or_default();
    let key = reader.secret(REDACT_KEY);
    match Redaction::parse(&rules, key) {
        Ok(redaction) => Some(redaction),
        Err(problems) => {
            for problem in problems {
                reader.problem("REDACT", problem);
            }
            None
        }
    }
}
