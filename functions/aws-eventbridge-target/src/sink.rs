//! The sinks this function has, as one type.

use aws_clients::{EventBus, Firehose};
use http_clients::{HttpCollector, LogAnalytics};
use relay::{Delivery, FileSink, Row, Sending, Sink, SinkKind, StdoutSink};

/// One of the function's sinks.
#[derive(Debug)]
pub(crate) enum TargetSink {
    /// Any HTTP collector.
    Http(HttpCollector),
    /// A Firehose stream.
    Firehose(Firehose),
    /// Another bus, or the one whose dead letters come back.
    EventBus(EventBus),
    /// Tables of a Log Analytics workspace.
    LogAnalytics(Box<LogAnalytics>),
    /// An NDJSON file.
    File(FileSink),
    /// Standard output.
    Stdout(StdoutSink),
}

impl TargetSink {
    /// What `SINKS` can name.
    pub(crate) const KINDS: [SinkKind; 6] = [
        SinkKind::of_any_schema("http"),
        SinkKind::of_any_schema("firehose"),
        SinkKind::of_raw("event-bus"),
        LogAnalytics::KIND,
        SinkKind::of_any_schema("file"),
        SinkKind::of_any_schema("stdout"),
    ];
}

impl Sink for TargetSink {
    fn name(&self) -> &'static str {
        match self {
            Self::Http(sink) => sink.name(),
            Self::Firehose(sink) => sink.name(),
            Self::EventBus(sink) => sink.name(),
            Self::LogAnalytics(sink) => sink.name(),
            Self::File(sink) => sink.name(),
            Self::Stdout(sink) => sink.name(),
        }
    }

    async fn send(&self, rows: &[Row<'_>], sending: &Sending) -> Delivery {
        match self {
            Self::Http(sink) => sink.send(rows, sending).await,
            Self::Firehose(sink) => sink.send(rows, sending).await,
            Self::EventBus(sink) => sink.send(rows, sending).await,
            Self::LogAnalytics(sink) => sink.send(rows, sending).await,
            Self::File(sink) => sink.send(rows, sending).await,
            Self::Stdout(sink) => sink.send(rows, sending).await,
        }
    }
}
