//! The sinks this function has, as one type.

use http_clients::{EventTopic, HttpCollector, LogAnalytics};
use relay::{Delivery, FileSink, Row, Sending, Sink, SinkKind, StdoutSink};

/// One of the function's sinks.
#[derive(Debug)]
pub(crate) enum SubscriberSink {
    /// Tables of a Log Analytics workspace.
    LogAnalytics(Box<LogAnalytics>),
    /// Any HTTP collector.
    Http(HttpCollector),
    /// Another topic, or the one whose dead letters come back.
    EventTopic(EventTopic),
    /// An NDJSON file.
    File(FileSink),
    /// Standard output.
    Stdout(StdoutSink),
}

impl SubscriberSink {
    /// What `SINKS` can name.
    pub(crate) const KINDS: [SinkKind; 5] = [
        LogAnalytics::KIND,
        SinkKind::of_any_schema("http"),
        EventTopic::KIND,
        SinkKind::of_any_schema("file"),
        SinkKind::of_any_schema("stdout"),
    ];
}

impl Sink for SubscriberSink {
    fn name(&self) -> &'static str {
        match self {
            Self::LogAnalytics(sink) => sink.name(),
            Self::Http(sink) => sink.name(),
            Self::EventTopic(sink) => sink.name(),
            Self::File(sink) => sink.name(),
            Self::Stdout(sink) => sink.name(),
        }
    }

    async fn send(&self, rows: &[Row<'_>], sending: &Sending) -> Delivery {
        match self {
            Self::LogAnalytics(sink) => sink.send(rows, sending).await,
            Self::Http(sink) => sink.send(rows, sending).await,
            Self::EventTopic(sink) => sink.send(rows, sending).await,
            Self::File(sink) => sink.send(rows, sending).await,
            Self::Stdout(sink) => sink.send(rows, sending).await,
        }
    }
}
