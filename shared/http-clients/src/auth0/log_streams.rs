//! A tenant's log streams, as the JSON text that Auth0 answers: it holds credentials of their sinks in the clear.

use relay::PortError;
use reqwest::Url;
use tokio::time::Instant;

use super::answer::Asks;
use super::{ARRAY, Call, ManagementApi, OBJECT};
use crate::endpoint::{below, percent_encode};

const PATH: &str = "api/v2/log-streams";

impl ManagementApi {
    /// Gets all log streams, a JSON array.
    pub async fn log_streams(&self, until: Instant) -> Result<String, PortError> {
        let call = Call {
            asks: Asks::LogStreams,
            url: &self.url_of_streams(PATH),
            body: None,
            want: ARRAY,
        };
        let got = self.make(call, until).await;
        let (_, text) = got.map_err(|error| error.in_step("cannot list the log streams"))?;
        Ok(text)
    }

    /// Gets one log stream, a JSON object; `None` if Auth0 does not know it.
    pub async fn log_stream(&self, id: &str, until: Instant) -> Result<Option<String>, PortError> {
        let call = Call {
            asks: Asks::LogStreams,
            url: &self.url_of_streams(&format!("{PATH}/{}", percent_encode(id))),
            body: None,
            want: OBJECT,
        };
        match self.make(call, until).await {
            Ok((_, text)) => Ok(Some(text)),
            Err(error) if error.is_unknown() => Ok(None),
            Err(error) => Err(error.in_step("cannot get the log stream")),
        }
    }

    /// Makes a log stream; returns it, a JSON object.
    ///
    /// # Errors
    /// Where the answer was lost, the stream may be there: the call is not made again.
    pub async fn create_log_stream(&self, body: &str, until: Instant) -> Result<String, PortError> {
        let call = Call {
            asks: Asks::NewLogStream,
            url: &self.url_of_streams(PATH),
            body: Some(body),
            want: OBJECT,
        };
        let made = self.make(call, until).await;
        let (_, text) = made.map_err(|error| {
            let step = if error.leaves_open() {
                "cannot tell whether the log stream was made (run it again: what was made is found)"
            } else {
                "cannot create the log stream"
            };
            error.in_step(step)
        })?;
        Ok(text)
    }

    fn url_of_streams(&self, path: &str) -> Url {
        below(&self.settings.api, path)
    }
}
