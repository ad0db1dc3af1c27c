//! One JSON object of a body, read once: the members we route by, and where its record is.
//!
//! Everything else is skipped without being interpreted, so that neither a number that fits no float nor a lone
//! surrogate costs an event. A repeated member counts as its last occurrence.

use crate::json::scan::{Name, Scan};
use crate::json::string_content;

/// The members of an object that tell envelopes, wrappers and records apart.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about which members are there"
)]
pub(crate) struct Element<'a> {
    /// `log_id`, `_id`, `type` and `date` of the object itself.
    pub(crate) own: RecordFields<'a>,
    /// What `data` holds, where `data` is an object.
    pub(crate) data: Option<Data<'a>>,
    /// EventBridge's `detail`.
    pub(crate) detail: Option<Detail<'a>>,
    /// `detail-type` (EventBridge) or `eventType` (Event Grid schema).
    pub(crate) envelope_type: Option<&'a str>,
    /// `time` (EventBridge, CloudEvents) or `eventTime` (Event Grid schema).
    pub(crate) envelope_time: Option<&'a str>,
    /// Whether `eventType` (Event Grid schema) is there.
    pub(crate) is_event_grid: bool,
    /// Whether `specversion` (CloudEvents) is there.
    pub(crate) is_cloud_event: bool,
    /// `logs`, the array of Auth0's `JSONOBJECT` format.
    pub(crate) logs: Option<&'a str>,
    /// Paths that were redacted before, beside `data` or as a CloudEvents extension.
    pub(crate) redacted: Option<&'a str>,
    /// `log_id_derived`, beside `data`.
    pub(crate) log_id_derived: Option<&'a str>,
    /// Whether there is anything beside `data` that no wrapper has, or a `log_id` more than once.
    pub(crate) has_more: bool,
    /// Whether `data` is there, of whatever kind.
    pub(crate) has_data: bool,
    /// Whether `data`, `detail` or `logs` is there more than once, so that nobody can say which one counts.
    pub(crate) has_repeats: bool,
}

/// The `detail` of an EventBridge event.
#[derive(Debug)]
pub(crate) struct Detail<'a> {
    /// Its own text.
    pub(crate) text: &'a str,
    /// What it holds where it is an object: it is read along with its envelope, so that no byte is read twice.
    pub(crate) element: Option<Box<Element<'a>>>,
}

/// The record in a wrapper.
#[derive(Debug)]
pub(crate) struct Data<'a> {
    /// `log_id`, `_id`, `type` and `date`.
    pub(crate) fields: RecordFields<'a>,
    /// Its own text.
    pub(crate) text: &'a str,
}

/// What we read of a record: each value as its own JSON text.
#[derive(Debug, Default)]
pub(crate) struct RecordFields<'a> {
    pub(crate) log_id: Option<&'a str>,
    pub(crate) underscore_id: Option<&'a str>,
    pub(crate) event_type: Option<&'a str>,
    pub(crate) date: Option<&'a str>,
}

/// The members we know, and all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    LogId,
    UnderscoreId,
    Type,
    Date,
    Data,
    Detail,
    DetailType,
    EventType,
    Time,
    SpecVersion,
    Logs,
    Redacted,
    LogIdDerived,
    Other,
}

impl<'a> Element<'a> {
    /// Returns the object that begins at the first byte, and where it ends; `None` if no whole object begins there.
    pub(crate) fn read(text: &'a str) -> Option<(Self, usize)> {
        let mut element = Self::default();
        let end = Scan::of(text).object_end(0, |scan, name, begin| {
            let member = Member::of(text, name);
            if member == Member::Detail {
                element.take_detail(text, scan, begin)
            } else {
                element.take(text, scan, member, begin)
            }
        })?;
        Some((element, end))
    }

    /// Reads `detail`. One within it is skipped: nobody sends that, and its depth would be a stranger's choice.
    fn take_detail(&mut self, text: &'a str, scan: &mut Scan<'a>, begin: usize) -> Option<usize> {
        self.has_repeats |= self.detail.is_some();
        self.has_more = true;
        let mut element = None;
        let end = if scan.byte(begin)? == b'{' {
            let inner = element.insert(Box::<Self>::default());
            scan.object_end(begin, |scan, name, begin| {
                inner.take(text, scan, Member::of(text, name), begin)
            })?
        } else {
            scan.value_end(begin)?
        };
        let detail = text.get(begin..end)?;
        self.detail = Some(Detail {
            text: detail,
            element,
        });
        Some(end)
    }

    /// Takes the value that begins at this byte. Returns where it ends.
    fn take(
        &mut self,
        text: &'a str,
        scan: &mut Scan<'a>,
        member: Member,
        begin: usize,
    ) -> Option<usize> {
        self.has_more |= !member.is_of_wrapper();
        if member == Member::Data {
            return self.take_data(text, scan, begin);
        }
        let end = scan.value_end(begin)?;
        if member == Member::Other {
            return Some(end);
        }
        let value = text.get(begin..end);
        match member {
            Member::LogId | Member::UnderscoreId | Member::Type | Member::Date => {
                self.has_more |= member == Member::LogId && self.own.log_id.is_some();
                self.own.take(member, value);
            }
            Member::DetailType => self.envelope_type = value,
            Member::EventType => {
                self.envelope_type = value;
                self.is_event_grid = true;
            }
            Member::Time => self.envelope_time = value,
            Member::SpecVersion => self.is_cloud_event = true,
            Member::Logs => {
                self.has_repeats |= self.logs.is_some();
                self.logs = value;
            }
            Member::Redacted => self.redacted = value,
            Member::LogIdDerived => self.log_id_derived = value,
            Member::Data | Member::Detail | Member::Other => {}
        }
        Some(end)
    }

    /// Reads the record in `data` where it is an object, and skips it where it is not.
    fn take_data(&mut self, text: &'a str, scan: &mut Scan<'a>, begin: usize) -> Option<usize> {
        self.has_repeats |= self.has_data;
        self.has_data = true;
        if scan.byte(begin)? != b'{' {
            self.data = None;
            return scan.value_end(begin);
        }
        let mut fields = RecordFields::default();
        let end = scan.object_end(begin, |scan, name, begin| {
            let member = Member::of(text, name);
            let end = scan.value_end(begin)?;
            if member.is_of_record() {
                fields.take(member, text.get(begin..end));
            }
            Some(end)
        })?;
        let text = text.get(begin..end)?;
        self.data = Some(Data { fields, text });
        Some(end)
    }
}

impl Element<'_> {
    /// Whether it looks like a wrapper and it cannot be said where its record is: `data` is repeated, or is no object.
    ///
    /// A record that has a member of that name beside its type is none.
    pub(crate) fn is_broken_wrapper(&self) -> bool {
        let has_no_record = self.has_data && self.data.is_none();
        let is_wrapper = self.own.event_type.is_none() && self.own.is_log_event();
        self.has_repeats || (has_no_record && is_wrapper)
    }
}

impl<'a> RecordFields<'a> {
    /// Whether this is a log event: an object that has a `type` or a `log_id`, of whatever kind.
    pub(crate) fn is_log_event(&self) -> bool {
        [self.event_type, self.log_id, self.underscore_id]
            .into_iter()
            .flatten()
            .any(|member| !matches!(member, "null" | "\"\""))
    }

    fn take(&mut self, member: Member, value: Option<&'a str>) {
        match member {
            Member::LogId => self.log_id = value,
            Member::UnderscoreId => self.underscore_id = value,
            Member::Type => self.event_type = value,
            Member::Date => self.date = value,
            Member::Data
            | Member::Detail
            | Member::DetailType
            | Member::EventType
            | Member::Time
            | Member::SpecVersion
            | Member::Logs
            | Member::Redacted
            | Member::LogIdDerived
            | Member::Other => {}
        }
    }
}

impl Member {
    /// Whether a wrapper has it, Auth0's or ours.
    fn is_of_wrapper(self) -> bool {
        matches!(
            self,
            Self::LogId | Self::Data | Self::Redacted | Self::LogIdDerived
        )
    }

    /// Whether [`RecordFields`] has a field for it.
    fn is_of_record(self) -> bool {
        matches!(
            self,
            Self::LogId | Self::UnderscoreId | Self::Type | Self::Date
        )
    }

    fn of(text: &str, name: Name) -> Self {
        if name.no_escapes {
            let inner = text.as_bytes().get(name.begin + 1..name.end - 1);
            return Self::of_name(inner.unwrap_or_default());
        }
        let decoded = text.get(name.begin..name.end).and_then(string_content);
        decoded.map_or(Self::Other, |name| Self::of_name(name.as_bytes()))
    }

    fn of_name(name: &[u8]) -> Self {
        match name {
            b"log_id" => Self::LogId,
            b"_id" => Self::UnderscoreId,
            b"type" => Self::Type,
            b"date" => Self::Date,
            b"data" => Self::Data,
            b"detail" => Self::Detail,
            b"detail-type" => Self::DetailType,
            b"eventType" => Self::EventType,
            b"time" | b"eventTime" => Self::Time,
            b"specversion" => Self::SpecVersion,
            b"logs" => Self::Logs,
            b"redacted" => Self::Redacted,
            b"log_id_derived" => Self::LogIdDerived,
            _ => Self::Other,
        }
    }
}
