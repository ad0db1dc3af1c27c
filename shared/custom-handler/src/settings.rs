//! Where the host wants the handler to listen, and how long a call may take.

use std::time::Duration;

use relay::settings::Reader;

/// Seconds of a call unless `INVOCATION_SECONDS` says otherwise: less than the 30 that Event Grid waits.
const INVOCATION_SECONDS: u64 = 25;
/// The longest that any plan's `functionTimeout` is by default.
const MAX_SECONDS: u64 = 1_800;

/// Where the server listens, and how long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandlerSettings {
    /// `FUNCTIONS_CUSTOMHANDLER_PORT`, on the loopback address.
    pub port: u16,
    /// `INVOCATION_SECONDS`.
    pub invocation: Duration,
}

impl HandlerSettings {
    /// Reads them; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Self::read_or(reader, Duration::from_secs(INVOCATION_SECONDS))
    }

    /// Reads them, where a call may take `invocation` unless a setting says otherwise; `None` if the reader noted a problem.
    pub fn read_or(reader: &mut Reader<'_>, invocation: Duration) -> Option<Self> {
        let port = reader.required_parsed(
            "FUNCTIONS_CUSTOMHANDLER_PORT",
            "a port, which the Functions host sets",
            |text| text.parse().ok().filter(|port| *port > 0),
        );
        let longest = reader.parsed_or(
            "INVOCATION_SECONDS",
            "a whole number of seconds from 1 to 1800, below functionTimeout",
            invocation,
            |text| {
                let seconds = text.parse().ok();
                let seconds = seconds.filter(|seconds| (1..=MAX_SECONDS).contains(seconds));
                seconds.map(Duration::from_secs)
            },
        );
        Some(Self {
            port: port?,
            invocation: longest?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(port: &str, seconds: &str) -> Result<HandlerSettings, String> {
        let lookup = |name: &str| match name {
            "FUNCTIONS_CUSTOMHANDLER_PORT" => Some(port.to_owned()),
            "INVOCATION_SECONDS" => Some(seconds.to_owned()),
            _ => None,
        };
        let mut reader = Reader::new(&lookup);
        let settings = HandlerSettings::read(&mut reader);
        let settings = reader.finish(|| settings);
        settings.map_err(|error| error.to_string())
    }

    #[test]
    fn a_call_ends_before_event_grid_gives_up_unless_a_setting_says_otherwise() {
        let seconds = |settings: HandlerSettings| settings.invocation.as_secs();
        assert_eq!(read("7071", "").map(seconds), Ok(25));
        assert_eq!(read("7071", "240").map(seconds), Ok(240));
    }

    #[test]
    fn wrong_settings_are_reported_together() {
        assert_eq!(
            read("none", "0").unwrap_err(),
            "2 settings are wrong:
  FUNCTIONS_CUSTOMHANDLER_PORT: cannot read `none` (want a port, which the Functions host sets)
  INVOCATION_SECONDS: cannot read `0` (want a whole number of seconds from 1 to 1800, below functionTimeout)"
        );
        assert!(read("", "25").unwrap_err().contains("required, not set"));
    }
}
