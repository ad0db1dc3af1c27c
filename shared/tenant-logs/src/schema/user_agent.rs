//! What a user agent says it is: its name, its version, the system it runs on.
//!
//! Agents repeat, so what one was found to be is kept for the next event that has the same, in bounded number.

use std::borrow::Cow;
use std::collections::HashMap;

use woothee::parser::Parser;

use super::json_writer::{JsonWriter, key};
use crate::json::string;

/// Agents that are kept; the next ones are found out each time.
const MAX_KEPT: usize = 1000;

/// What woothee says where it does not know.
const UNKNOWN: &str = "UNKNOWN";

/// What user agents were found to be.
#[derive(Debug, Default)]
pub(super) struct UserAgents {
    /// Members to write, by the JSON of the agent.
    found: HashMap<String, String>,
}

impl UserAgents {
    /// Writes what an agent is, as members beside the agent itself; nothing of one that says nothing.
    pub(super) fn write(&mut self, json: &str, writer: &mut JsonWriter<'_>) {
        if let Some(members) = self.found.get(json) {
            writer.made_members(members);
            return;
        }
        let members = string(json).map(|agent| members_of(&agent));
        let members = members.unwrap_or_default();
        writer.made_members(&members);
        if self.found.len() < MAX_KEPT {
            self.found.insert(json.to_owned(), members);
        }
    }
}

/// A user agent, as far as it is known.
#[derive(Debug, Default, PartialEq, Eq)]
struct UserAgent<'a> {
    name: Option<&'a str>,
    version: Option<&'a str>,
    os_name: Option<&'a str>,
    os_version: Option<Cow<'a, str>>,
}

fn members_of(agent: &str) -> String {
    let found = summary(agent)
        .or_else(|| product(agent))
        .unwrap_or_else(|| browser(agent));
    let mut members = String::new();
    let mut writer = JsonWriter::new(&mut members);
    writer.known(key!("name"), found.name);
    writer.known(key!("version"), found.version);
    let os = writer.begin_object(key!("os"));
    writer.known(key!("name"), found.os_name);
    writer.known(key!("version"), found.os_version.as_deref());
    writer.end_object(os);
    members
}

/// Reads `Chrome 142.0.0 / Mac OS X 10.15.7`, into which the Management API rewrites every agent.
fn summary(agent: &str) -> Option<UserAgent<'_>> {
    let (browser, system) = agent.split_once(" / ")?;
    let (name, version) = named_version(browser)?;
    let (os_name, os_version) = named_version(system)?;
    // It says `Other 0.0.0` where it does not know.
    let is_known = |name: &&str| *name != "Other";
    let is_version = |version: &&str| *version != "0.0.0";
    Some(UserAgent {
        name: Some(name).filter(is_known),
        version: Some(version).filter(is_version),
        os_name: Some(os_name).filter(is_known),
        os_version: Some(os_version).filter(is_version).map(Cow::Borrowed),
    })
}

fn named_version(text: &str) -> Option<(&str, &str)> {
    let (name, version) = text.rsplit_once(' ')?;
    is_version(version).then_some((name, version))
}

/// Reads `okhttp/5.1.0`: what is no browser says itself what it is, as RFC 9110 has it.
fn product(agent: &str) -> Option<UserAgent<'_>> {
    let first = agent.split(' ').next()?;
    let (name, version) = first.split_once('/')?;
    let is_own = !name.is_empty() && name != "Mozilla" && is_version(version);
    is_own.then_some(UserAgent {
        name: Some(name),
        version: Some(version),
        ..UserAgent::default()
    })
}

fn is_version(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
}

fn browser(agent: &str) -> UserAgent<'_> {
    let Some(found) = Parser::new().parse(agent) else {
        return UserAgent::default();
    };
    let is_known = |text: &&str| !text.is_empty() && !text.contains(UNKNOWN);
    UserAgent {
        name: Some(found.name).filter(is_known),
        version: Some(found.version).filter(is_known),
        os_name: Some(found.os).filter(is_known),
        os_version: Some(found.os_version).filter(|version| is_known(&version.as_ref())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With the version and the version of the system. Together they need every pattern of woothee, which makes one when an
    /// agent first needs it.
    const KNOWN: [(&str, &str, &str); 23] = [
        (
            "Mozilla/5.0 (Windows Phone 8.1; ARM; Trident/7.0; rv:11.0; IEMobile/11.0) like Gecko",
            "11.0",
            "8.1",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) GSA/290.0 Mobile/15E148 Safari/604.1",
            "290.0",
            "17.2",
        ),
        (
            "Mozilla/5.0 (Mobile; rv:48.0) Gecko/48.0 Firefox/48.0",
            "48.0",
            "48.0",
        ),
        (
            "Mozilla/5.0 (X11; CrOS 14541.0.0) Chrome/142.0.0.0 Safari/537.36",
            "142.0.0.0",
            "14541.0.0",
        ),
        (
            "Mozilla/4.0 (compatible; MSIE 5.2; Mac_PowerPC; rv:1.2.3)",
            "5.2",
            "1.2.3",
        ),
        (
            "Mozilla/5.0 (X11; FreeBSD amd64; rv:144.0) Gecko/20100101 Firefox/144.0",
            "144.0",
            "amd64",
        ),
        (
            "Opera/9.8 (Macintosh; Intel Mac OS X 10.8.3) Version/12.1",
            "12.1",
            "10.8.3",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/142.0.0.0 YaBrowser/25.1.0.1 Safari/537.36",
            "25.1.0.1",
            "NT 10.0",
        ),
        (
            "Mozilla/5.0 (Linux; Android 16; Phone) SamsungBrowser/28.0 Chrome/142.0.0.0",
            "28.0",
            "16",
        ),
        ("Opera/9.5 (X11; Linux x86_64)", "9.5", ""),
        ("Mozilla/4.0 (jig browser web; 1.0.4; X00)", "1.0.4", ""),
        ("KDDI-TS3X Opera Version/12.1", "TS3X", ""),
        ("DoCoMo/2.0 X000i", "X000i", ""),
        ("SoftBank/1.0/X000/1", "X000", ""),
        ("Mozilla/3.0(WILLCOM;X/Y/Z)", "Y", ""),
        ("Sleipnir/2.9", "2.9", ""),
        ("Mozilla/5.0 (PLAYSTATION 3; 4.1)", "", "4.1"),
        ("Mozilla/4.0 (PSP (PlayStation Portable); 6.6)", "", "6.6"),
        ("Mozilla/5.0 (PlayStation 4 9.0)", "", "9.0"),
        ("Mozilla/5.0 (PlayStation Vita 3.6)", "", "3.6"),
        ("BlackBerry9700/5.0 Profile/MIDP-2.1", "", "5.0"),
        (
            "Mozilla/5.0 (BB10; Touch) Version/10.3 Mobile Safari/537.35",
            "",
            "10.3",
        ),
        ("Example-Watchdog/2.0", "", ""),
    ];

    fn check(agent: &str, expected: &str) {
        let members = members_of(agent);
        let members = members.strip_prefix(',').unwrap_or(&members);
        assert_eq!(members, expected, "{agent}");
    }

    #[test]
    fn browsers_are_known_with_the_system_they_run_on() {
        check(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            r#""name":"Chrome","version":"142.0.0.0","os":{"name":"Mac OSX","version":"10.15.7"}"#,
        );
        check(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            r#""name":"Edge","version":"142.0.0.0","os":{"name":"Windows 10","version":"NT 10.0"}"#,
        );
        check(
            "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
            r#""name":"Firefox","version":"144.0","os":{"name":"Linux"}"#,
        );
    }

    #[test]
    fn every_pattern_of_woothee_is_one_that_shared_regex_can_read() {
        for (agent, version, os_version) in KNOWN {
            let found = browser(agent);
            assert_eq!(found.version.unwrap_or_default(), version, "{agent}");
            assert_eq!(found.os_version.unwrap_or_default(), os_version, "{agent}");
        }
    }

    #[test]
    fn what_the_management_api_rewrites_is_read_too() {
        check(
            "Chrome 114.0.0 / Mac OS X 10.15.7",
            r#""name":"Chrome","version":"114.0.0","os":{"name":"Mac OS X","version":"10.15.7"}"#,
        );
        check("Other 0.0.0 / Other 0.0.0", "");
    }

    #[test]
    fn a_program_says_itself_what_it_is() {
        check("okhttp/5.1.0", r#""name":"okhttp","version":"5.1.0""#);
        check("curl/8.5.0 (x86_64)", r#""name":"curl","version":"8.5.0""#);
        check("something", "");
        check("", "");
        check("***", "");
    }

    #[test]
    fn an_agent_is_found_out_once_and_only_so_many_are_kept() {
        let mut agents = UserAgents::default();
        for number in 0..MAX_KEPT + 5 {
            let mut written = "{".to_owned();
            let agent = format!("\"tool/{number}\"");
            agents.write(&agent, &mut JsonWriter::new(&mut written));
            let mut again = "{".to_owned();
            agents.write(&agent, &mut JsonWriter::new(&mut again));
            assert_eq!(
                written,
                format!("{{\"name\":\"tool\",\"version\":\"{number}\"")
            );
            assert_eq!(written, again);
        }
        assert_eq!(agents.found.len(), MAX_KEPT);
    }
}
