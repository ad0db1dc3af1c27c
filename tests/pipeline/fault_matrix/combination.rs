//! The dimensions of the matrix.

use std::fmt;
use std::time::Duration;

use super::{SHORT_TIME, USUAL_TIME};

/// Which cloud's functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cloud {
    Aws,
    Azure,
}

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The sink's endpoint.
    Sink,
    /// Where dead letters go.
    Letters,
    /// The ledger's table.
    Ledger,
    /// The store of secrets; on Azure the endpoint of tokens, too.
    Secrets,
}

/// How it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// It answers 500, and nothing is done.
    Status500,
    /// Nothing is done, and no answer comes.
    Hang,
    /// The connection is closed without an answer; every other time everything is done before.
    Drop,
    /// Everything is done, and the connection is reset.
    Reset,
    /// It answers 403, and nothing is done.
    Denied,
}

/// From when on it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// From the start.
    Before,
    /// Once it has had its first call.
    During,
    /// Once the sink has answered.
    After,
}

/// What becomes of the processes meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// They run on.
    Run,
    /// They get SIGKILL.
    Kill,
    /// They get SIGTERM.
    Terminate,
    /// They run on, and their invocations have less time.
    Short,
}

/// One cell of the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Combination {
    /// One place, or two that fail together.
    pub(super) places: Vec<Place>,
    pub(super) failure: Failure,
    pub(super) moment: Moment,
    pub(super) ending: Ending,
}

const PLACES: [Place; 4] = [Place::Sink, Place::Letters, Place::Ledger, Place::Secrets];
const FAILURES: [Failure; 5] = [
    Failure::Status500,
    Failure::Hang,
    Failure::Drop,
    Failure::Reset,
    Failure::Denied,
];
const MOMENTS: [Moment; 3] = [Moment::Before, Moment::During, Moment::After];
const ENDINGS: [Ending; 4] = [Ending::Run, Ending::Kill, Ending::Terminate, Ending::Short];

impl Combination {
    /// Every cell.
    pub(super) fn all() -> Vec<Self> {
        let mut places: Vec<Vec<Place>> = PLACES.map(|place| vec![place]).to_vec();
        for (index, one) in PLACES.iter().enumerate() {
            places.extend(PLACES[index + 1..].iter().map(|other| vec![*one, *other]));
        }
        let mut all = Vec::new();
        for places in &places {
            for failure in FAILURES {
                for moment in MOMENTS {
                    all.extend(ENDINGS.map(|ending| Self {
                        places: places.clone(),
                        failure,
                        moment,
                        ending,
                    }));
                }
            }
        }
        all
    }

    /// How long an invocation may take.
    pub(super) fn time(&self) -> Duration {
        match self.ending {
            Ending::Short => SHORT_TIME,
            Ending::Run | Ending::Kill | Ending::Terminate => USUAL_TIME,
        }
    }

    /// The places in a word.
    pub(super) fn place(&self) -> String {
        let names: Vec<String> = self
            .places
            .iter()
            .map(|place| format!("{place:?}").to_lowercase())
            .collect();
        names.join("+")
    }
}

impl fmt::Display for Combination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            failure,
            moment,
            ending,
            ..
        } = self;
        write!(
            formatter,
            "{} {failure:?} {moment:?} {ending:?}",
            self.place()
        )
    }
}
