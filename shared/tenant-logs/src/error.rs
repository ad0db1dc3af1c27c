//! Why a body cannot be read, and why one of its elements is no log event.

/// A body that is refused as a whole: nothing of it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There is nothing but white space.
    #[error("the body is empty")]
    Empty,
    /// Bytes that are no UTF-8 begin here, counted in the decoded body.
    #[error("the body is not UTF-8 from byte {offset} on")]
    NotUtf8 {
        /// First wrong byte.
        offset: usize,
    },
    /// JSON ends or breaks here, counted in the decoded body.
    #[error("the body is not JSON at byte {offset}")]
    Syntax {
        /// First byte that cannot be read.
        offset: usize,
    },
    /// The first bytes say gzip, the rest does not.
    #[error("the body is not valid gzip")]
    Gzip,
    /// The front end says base64, the text does not.
    #[error("the body is not valid base64 at byte {offset}")]
    Base64 {
        /// First wrong byte of the encoded text.
        offset: usize,
    },
    /// More elements or lines than allowed.
    #[error("the body has more than {limit} elements")]
    TooManyElements {
        /// The limit.
        limit: usize,
    },
    /// More elements or lines that are no log events than allowed.
    #[error("more than {limit} elements of the body are no log events")]
    TooManyRejects {
        /// The limit.
        limit: usize,
    },
    /// Something of it would have to be set aside that no dead letter can hold.
    #[error("an element of the body is too large to be set aside")]
    NotStorable,
    /// More bytes than allowed, before or after gunzip.
    #[error("the body is over {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

impl Unreadable {
    /// Where reading stopped, where that is known.
    pub fn offset(self) -> Option<usize> {
        match self {
            Self::NotUtf8 { offset } | Self::Syntax { offset } | Self::Base64 { offset } => {
                Some(offset)
            }
            Self::Empty | Self::Gzip => Some(0),
            Self::TooLarge { .. }
            | Self::TooManyElements { .. }
            | Self::TooManyRejects { .. }
            | Self::NotStorable => None,
        }
    }
}

impl RejectReason {
    /// Whether it is JSON that is simply something else than a log event.
    pub fn is_another_form(self) -> bool {
        match self {
            Self::NotALogEvent | Self::LooksLike { .. } => true,
            Self::NotAnObject
            | Self::BrokenWrapper
            | Self::DeadLetter
            | Self::Carrier { .. }
            | Self::TooDeep { .. }
            | Self::Syntax { .. } => false,
        }
    }
}

/// Why one element or line is set aside while the rest goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RejectReason {
    /// A JSON value that is no object.
    #[error("not a log event: not a JSON object")]
    NotAnObject,
    /// An object, or an envelope around one, with neither `type` nor `log_id`.
    #[error("not a log event: neither `type` nor `log_id`")]
    NotALogEvent,
    /// One of our own dead letters, which is no record though it has a `log_id`.
    #[error("not a log event: a dead letter")]
    DeadLetter,
    /// A wrapper or an envelope of which nobody can say where its record is.
    #[error(
        "not a log event: `data`, `detail`, `logs` or what it carries is repeated, or `data` is not an object"
    )]
    BrokenWrapper,
    /// An object of another form that people send.
    #[error("not a log event: looks like {form}")]
    LooksLike {
        /// Which form.
        form: &'static str,
    },
    /// An object that carries a text, which cannot be read.
    #[error("not a log event: {form}, and of what it carries {unreadable}")]
    Carrier {
        /// Which form.
        form: &'static str,
        /// Why not.
        unreadable: Unreadable,
    },
    /// An object that carries a text, within too many others.
    #[error("not a log event: {form} within too many others")]
    TooDeep {
        /// Which form.
        form: &'static str,
    },
    /// Text between values that is no JSON.
    #[error("not JSON at byte {offset} of the line")]
    Syntax {
        /// First byte that cannot be read, counted in this text.
        offset: usize,
    },
}
