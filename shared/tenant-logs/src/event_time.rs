//! When an event happened: one reader for the schemas, for what goes onto a bus, for lag and grace.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::{Offset, TimeZone};

use crate::json::{member, string_content};
use crate::log_id::time_in_log_id;

/// When an event happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventTime {
    /// The record's date, written as Auth0 writes it: `"2026-11-20T09:04:00.000Z"`.
    Plain(Timestamp),
    /// A date written otherwise, the envelope's time, or the time in the `log_id`.
    Other(Timestamp),
}

impl EventTime {
    /// Returns the time of the record's date, else of its envelope, else the moment of receipt that Auth0 writes into its
    /// identifiers; `None` if there is none of them.
    pub(crate) fn of(
        date: Option<&str>,
        envelope: Option<Timestamp>,
        log_id: &str,
    ) -> Option<Self> {
        let auth0s = date.filter(|date| date.len() == AUTH0S);
        let plain = auth0s.and_then(plain_time);
        if let Some(time) = plain.filter(|time| is_written_time(*time)) {
            return Some(Self::Plain(time));
        }
        let time = date.and_then(read_time).or(envelope);
        time.or_else(|| time_in(log_id)).map(Self::Other)
    }

    /// Returns it as a time.
    pub(crate) fn timestamp(self) -> Timestamp {
        match self {
            Self::Plain(time) | Self::Other(time) => time,
        }
    }
}

/// Reads a time that is written in any of the ways in which they arrive, as JSON; `None` if it is none.
///
/// A date without a zone is UTC; a number is seconds or, from 10^11 on, milliseconds since the epoch; `{"$date":…}` is one of
/// these.
pub(crate) fn read_time(json: &str) -> Option<Timestamp> {
    if let Some(time) = plain_time(json) {
        return is_written_time(time).then_some(time);
    }
    match json.as_bytes().first()? {
        b'{' => {
            let date = member(json, "$date")?;
            read_time(member(date, "$numberLong").unwrap_or(date))
        }
        b'"' => {
            let text = string_content(json)?;
            read_date(text.trim()).or_else(|| since_epoch(text.trim()))
        }
        _ => since_epoch(json),
    }
}

/// Fraction digits that a time can hold.
const MAX_FRACTION_DIGITS: usize = 9;

/// The first second of 1971. An older date is what some program made of a missing one.
const FIRST_WRITTEN_SECOND: i64 = 31_536_000;

fn read_date(text: &str) -> Option<Timestamp> {
    let text = with_zone_beside(&without_excess_digits(text));
    let zoned = text.parse::<Timestamp>().ok();
    let civil = || {
        let civil: DateTime = text.parse().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    // As HTTP and mail write it.
    let mail = || Some(rfc2822::parse(&text).ok()?.timestamp());
    let time = zoned.or_else(civil).or_else(mail);
    time.filter(|time| is_written_time(*time))
}

/// Returns a date whose zone follows without a blank: `10:04:00 +0530`, `10:04:00 UTC`.
fn with_zone_beside(text: &str) -> String {
    match text.rsplit_once(' ') {
        Some((date, "UTC")) if !date.contains(", ") => format!("{date}Z"),
        Some((date, zone)) if !date.contains(", ") && zone.starts_with(['+', '-']) => {
            format!("{date}{zone}")
        }
        Some(_) | None => text.to_owned(),
    }
}

/// Returns a date whose fraction has at most nine digits.
fn without_excess_digits(text: &str) -> String {
    let Some((whole, rest)) = text.split_once('.') else {
        return text.to_owned();
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (fraction, zone) = rest.split_at(digits);
    let kept = fraction.get(..MAX_FRACTION_DIGITS).unwrap_or(fraction);
    format!("{whole}.{kept}{zone}")
}

/// From here on a number is milliseconds: seconds reach it in the year 5138, milliseconds had it in 1973.
const FIRST_MILLIS: i64 = 100_000_000_000;

/// Nothing that a tenant logs is older than this, the year 2001: a smaller number is no time.
const FIRST_SECOND: i64 = 1_000_000_000;

fn since_epoch(number: &str) -> Option<Timestamp> {
    if number.contains(['e', 'E']) {
        let plain: f64 = number
            .parse()
            .ok()
            .filter(|plain: &f64| plain.abs() < 1e15)?;
        return since_epoch(&plain.to_string());
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let units: i64 = whole.parse().ok()?;
    if units < FIRST_SECOND {
        return None;
    }
    if units >= FIRST_MILLIS {
        return Timestamp::from_millisecond(units).ok();
    }
    let nanos = format!("{fraction:0<9}");
    let nanos = nanos.get(..MAX_FRACTION_DIGITS)?.parse().ok()?;
    Timestamp::new(units, nanos).ok()
}

/// What a date of Auth0's takes as JSON.
const AUTH0S: usize = r#""2026-11-20T09:04:00.000Z""#.len();

/// Reads a date as Auth0 and EventBridge write it, with milliseconds and without: two in each event, which took a tenth of the
/// target's time when they were read as what may be written in any way.
fn plain_time(json: &str) -> Option<Timestamp> {
    let (time, rest) = json.as_bytes().split_first_chunk::<20>()?;
    if [time[0], time[5], time[8], time[11], time[14], time[17]] != *b"\"--T::" {
        return None;
    }
    let millis = match rest {
        b"Z\"" => 0,
        [b'.', millis @ .., b'Z', b'"'] if millis.len() == 3 => number(millis)?,
        _ => return None,
    };
    let two = |from: usize| i8::try_from(number(time.get(from..from + 2)?)?).ok();
    let time = DateTime::new(
        number(&time[1..5])?,
        two(6)?,
        two(9)?,
        two(12)?,
        two(15)?,
        // A leap second, which neither writes, is read the other way.
        two(18)?,
        i32::from(millis) * 1_000_000,
    );
    Offset::UTC.to_timestamp(time.ok()?).ok()
}

/// Reads up to four digits.
fn number(digits: &[u8]) -> Option<i16> {
    let mut number = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i16::from(digit - b'0');
    }
    Some(number)
}

/// Whether a date that is written out is one, and not what some program made of a missing one.
fn is_written_time(time: Timestamp) -> bool {
    time.as_second() >= FIRST_WRITTEN_SECOND
}

/// Reads the time in an identifier of Auth0's, which has 56 digits: others only happen to look like one.
fn time_in(log_id: &str) -> Option<Timestamp> {
    let is_auth0s = log_id.len() == 56 && log_id.bytes().all(|byte| byte.is_ascii_digit());
    let time = time_in_log_id(log_id).filter(|_| is_auth0s)?;
    is_written_time(time).then_some(time)
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use proptest::prelude::*;

    use super::*;

    const LOG_ID: &str = "90020261120090400000417000000000000000000004410027651184";

    fn check(date: &str, expected: &str) {
        let expected: Timestamp = expected.parse().unwrap();
        let time = EventTime::of(Some(date), None, LOG_ID).unwrap();
        assert_eq!(time.timestamp(), expected, "{date}");
    }

    #[test]
    fn a_time_is_read_however_it_is_written() {
        for (date, expected) in [
            (r#""2026-11-20T10:04:00.123Z""#, "2026-11-20T10:04:00.123Z"),
            (r#""2026-11-20T11:04:00.5+01:00""#, "2026-11-20T10:04:00.5Z"),
            (r#""2026-11-20T10:04:00""#, "2026-11-20T10:04:00Z"),
            (r#""2026-11-20 10:04:00.25""#, "2026-11-20T10:04:00.25Z"),
            (r#""2026-11-20 10:04:00Z""#, "2026-11-20T10:04:00Z"),
            (
                r#""2026-11-20T10:04:00.123456789Z""#,
                "2026-11-20T10:04:00.123456789Z",
            ),
            (
                r#""2026-11-20T10:04:00.1234567891Z""#,
                "2026-11-20T10:04:00.123456789Z",
            ),
            (
                r#"{"$date":"2026-11-20T10:04:00.123Z"}"#,
                "2026-11-20T10:04:00.123Z",
            ),
            (r#"{"$date":1795169040123}"#, "2026-11-20T10:04:00.123Z"),
            (
                r#"{"$date":{"$numberLong":"1795169040123"}}"#,
                "2026-11-20T10:04:00.123Z",
            ),
            (r#""2026-11-20t10:04:00.5z""#, "2026-11-20T10:04:00.5Z"),
            (r#""2026-11-20T15:34:00+0530""#, "2026-11-20T10:04:00Z"),
            (
                r#""2026-11-20T15:34:00.25+05:30""#,
                "2026-11-20T10:04:00.25Z",
            ),
            (r#"" 2026-11-20T10:04:00Z ""#, "2026-11-20T10:04:00Z"),
            (r#""2026-11-20 15:34:00.5 +0530""#, "2026-11-20T10:04:00.5Z"),
            (r#""2026-11-20 10:04:00 UTC""#, "2026-11-20T10:04:00Z"),
            (r#""Fri, 20 Nov 2026 10:04:00 GMT""#, "2026-11-20T10:04:00Z"),
            (
                r#""Fri, 20 Nov 2026 15:34:00 +0530""#,
                "2026-11-20T10:04:00Z",
            ),
            (r#""2026-11-20""#, "2026-11-20T00:00:00Z"),
            (r#""2026-11-20T10:04""#, "2026-11-20T10:04:00Z"),
            // The time scale of tenants has no such second.
            (r#""2016-12-31T23:59:60Z""#, "2016-12-31T23:59:59Z"),
            (r#""2016-12-31T23:59:60.000Z""#, "2016-12-31T23:59:59Z"),
            ("1795169040", "2026-11-20T10:04:00Z"),
            (r#""1795169040""#, "2026-11-20T10:04:00Z"),
            ("1.79516904e9", "2026-11-20T10:04:00Z"),
            ("1795169040123E0", "2026-11-20T10:04:00.123Z"),
            ("1795169040123.9", "2026-11-20T10:04:00.123Z"),
            ("1795169040.5", "2026-11-20T10:04:00.5Z"),
            ("1795169040123", "2026-11-20T10:04:00.123Z"),
            (r#""1795169040123""#, "2026-11-20T10:04:00.123Z"),
            ("99999999999", "5138-11-16T09:46:39Z"),
            ("100000000000", "1973-03-03T09:46:40Z"),
        ] {
            check(date, expected);
        }
    }

    #[test]
    fn without_a_date_it_is_the_envelopes_time_then_that_in_the_log_id_and_never_the_epoch() {
        let other = |day: &str| LOG_ID.replace("20261120", day);
        for date in [
            r#""2026-02-29T09:04:00.000Z""#,
            r#""2026-11-20T25:04:00.000Z""#,
            r#""2024-02-30T09:04:00.000Z""#,
            r#""2026-13-01""#,
            r#""1970-01-01T00:00:00.000Z""#,
            r#""0001-01-01T00:00:00Z""#,
            r#""-002026-11-20T09:04:00Z""#,
            r#""20-11-2026""#,
            r#""***""#,
            r#""""#,
            "null",
            "true",
            "[]",
            "0",
            "-1795169040",
            "1e400",
            "1795169040123456",
            "{}",
            r#"{"$date":1}"#,
            "999999999",
        ] {
            check(date, "2026-11-20T09:04:00Z");
            let envelope = "2026-11-20T09:05:00Z".parse().ok();
            let time = EventTime::of(Some(date), envelope, LOG_ID).unwrap();
            assert_eq!(time.timestamp().to_string(), "2026-11-20T09:05:00Z");
            for log_id in ["900", &other("20261320"), &other("19700101")] {
                assert_eq!(EventTime::of(Some(date), None, log_id), None, "{date}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_plain_date_is_read_as_any_other_is(
            (year, month, day) in (0_i16..=9999, 0_i8..=13, 0_i8..=32),
            seconds in 0_u32..86_400,
            millisecond in 0_u32..1000,
        ) {
            let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            let whole = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
            for date in [format!("{whole}.{millisecond:03}Z"), format!("{whole}Z")] {
                let expected: Option<Timestamp> = date.parse().ok();
                let expected = expected.filter(|_| Date::new(year, month, day).is_ok());
                prop_assert_eq!(plain_time(&format!("\"{date}\"")), expected);
            }
        }
    }
}
