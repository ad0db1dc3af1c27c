//! A tenant's log by Auth0's Management API: pages by checkpoint, one log event by its `log_id`, a search for a begin; and
//! its log streams.
//!
//! The rate limit is obeyed as the answers tell it: no call is made before the moment that they name.

mod allowance;
mod answer;
mod error;
mod link;
mod log_streams;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use relay::poll::{Cursor, LogSource, Page, PullError};
use relay::settings::Reader;
use relay::{Remedy, WantedSecret, back_off};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde::de::IgnoredAny;
use serde_json::json;
use tenant_logs::Timestamp;
use tokio::time::{Instant, sleep_until};

use crate::access_token::{AccessToken, HeldToken, NoToken};
use crate::endpoint::{below, percent_encode};
use crate::exchange::{Answer, exchange};
use crate::tls::read_client;
use allowance::Allowance;
use answer::{Asks, Endpoint, refusal, unreadable};
use error::Auth0Error;
use link::next_page;
use settings::Auth0Settings;

/// Log events of a page: the API's most.
const PAGE_SIZE: &str = "100";
/// Tries of a call that fails or brings what cannot be read; those that the rate limit refuses are not counted.
const MAX_TRIES: u32 = 6;
const MAX_CALL_TIME: Duration = Duration::from_secs(15);
/// What calls are made to, in errors.
const TARGET: &str = "Auth0";

/// A tenant's Management API.
#[derive(Debug)]
pub struct ManagementApi {
    settings: Auth0Settings,
    client: Client,
    token: HeldToken<Auth0Error>,
    allowance: Allowance,
    token_allowance: Allowance,
}

/// A call of the API, which may be made several times.
#[derive(Debug, Clone, Copy)]
struct Call<'a> {
    asks: Asks,
    url: &'a Url,
    /// What is posted; without it the call is a GET.
    body: Option<&'a str>,
    want: Want,
}

/// What a call brings, in errors and by its first byte.
#[derive(Debug, Clone, Copy)]
struct Want {
    name: &'static str,
    first_byte: u8,
}

const ARRAY: Want = Want {
    name: "JSON array",
    first_byte: b'[',
};
const OBJECT: Want = Want {
    name: "JSON object",
    first_byte: b'{',
};

impl ManagementApi {
    /// The secret that the settings may refer to.
    pub const SECRET: WantedSecret = WantedSecret::current(settings::SECRET);

    /// Reads the API's settings; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let settings = Auth0Settings::read(reader);
        let client = read_client(reader);
        Some(Self {
            client: client?,
            settings: settings?,
            token: HeldToken::new(),
            allowance: Allowance::default(),
            token_allowance: Allowance::default(),
        })
    }

    /// Gets something of the log; returns the answer with the text of it.
    async fn get(
        &self,
        url: &Url,
        want: Want,
        until: Instant,
    ) -> Result<(Answer, String), Auth0Error> {
        let call = Call {
            asks: Asks::Logs,
            url,
            body: None,
            want,
        };
        self.make(call, until).await
    }

    /// Makes a call, and makes it again while that helps; returns its answer with the text of it.
    async fn make(&self, call: Call<'_>, until: Instant) -> Result<(Answer, String), Auth0Error> {
        let (mut tries, mut refusals) = (0, 0);
        loop {
            self.allowance.wait(until).await?;
            let try_end = until.min(Instant::now() + MAX_CALL_TIME);
            let error = match self.try_once(call, try_end).await {
                Ok(got) => return Ok(got),
                Err(error) => error,
            };
            if error.is_by_rate_limit() {
                // The moment that its headers name may be over by our clock, or there is none.
                refusals += 1;
                let wake = Instant::now() + back_off(refusals);
                if wake >= until {
                    return Err(Auth0Error::OutOfTime(Box::new(error)));
                }
                sleep_until(wake).await;
                if let Auth0Error::NoToken(_) = error {
                    let waited = self.token_allowance.wait(until).await;
                    waited.map_err(|error| Auth0Error::NoToken(Arc::new(error)))?;
                }
                continue;
            }
            if error.remedy() == Remedy::Retry && try_end == until && Instant::now() >= until {
                return Err(Auth0Error::OutOfTime(Box::new(error)));
            }
            tries += 1;
            let wake = Instant::now() + back_off(tries);
            // A post may have been taken, whatever became of its answer.
            let may_repeat = call.body.is_none() || matches!(error, Auth0Error::NoToken(_));
            let is_last = !may_repeat || tries >= MAX_TRIES || wake >= until;
            if error.remedy() != Remedy::Retry || is_last {
                return Err(error);
            }
            sleep_until(wake).await;
        }
    }

    /// Makes a call once, and a second time with a new token where the first one is not accepted.
    async fn try_once(
        &self,
        call: Call<'_>,
        until: Instant,
    ) -> Result<(Answer, String), Auth0Error> {
        let token = self.token(call.asks, None, until).await?;
        let mut answer = self.send(call, token.clone(), until).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            let renewed = self.token(call.asks, Some(&token), until).await?;
            answer = self.send(call, renewed, until).await?;
        }
        let is_made = call.body.is_some() && answer.status == StatusCode::CREATED;
        if answer.status != StatusCode::OK && !is_made {
            return Err(refusal(Endpoint::ManagementApi, call.asks, &answer));
        }
        match text(&answer, call.want) {
            Some(text) => Ok((answer, text)),
            None => Err(unreadable(&answer, call.want.name)),
        }
    }

    async fn send(
        &self,
        call: Call<'_>,
        token: HeaderValue,
        until: Instant,
    ) -> Result<Answer, Auth0Error> {
        let url = call.url.clone();
        let request = match call.body {
            None => self.client.get(url),
            Some(body) => self
                .client
                .post(url)
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_owned()),
        };
        let request = request
            .header(AUTHORIZATION, token)
            .header(ACCEPT, "application/json");
        let answer = exchange(request, until, TARGET).await;
        let answer = answer.map_err(Auth0Error::NoAnswer)?;
        self.allowance.note(&answer);
        Ok(answer)
    }

    async fn token(
        &self,
        asks: Asks,
        refused: Option<&HeaderValue>,
        until: Instant,
    ) -> Result<HeaderValue, Auth0Error> {
        let allowance = self.token_allowance.clone();
        let fetch = |until| fetch_token(self.token_request(), asks, allowance, until);
        let token = self.token.get(refused, until, fetch).await;
        token.map_err(|error| match error {
            NoToken::OutOfTime => Auth0Error::TokenOutOfTime,
            NoToken::Failed(error) => Auth0Error::NoToken(error),
        })
    }

    fn token_request(&self) -> RequestBuilder {
        let settings = &self.settings;
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret.expose(),
            "audience": format!("https://{}/api/v2/", settings.domain),
        });
        self.client
            .post(below(&settings.api, "oauth/token"))
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_string()))
    }

    fn logs(&self) -> Url {
        below(&self.settings.api, "api/v2/logs")
    }
}

impl LogSource for ManagementApi {
    async fn pull(&self, cursor: &Cursor, until: Instant) -> Result<Page, PullError> {
        let step = "pull a page of the log";
        let url = match cursor {
            Cursor::After(log_id) => {
                let mut url = self.logs();
                url.query_pairs_mut()
                    .append_pair("from", log_id)
                    .append_pair("take", PAGE_SIZE);
                url
            }
            Cursor::Next(link) => {
                let link = Url::parse(link).map_err(|_no_url| Auth0Error::UnreadableLink);
                link.map_err(|error| error.at(step))?
            }
        };
        let got = self.get(&url, ARRAY, until).await;
        let (answer, text) = got.map_err(|error| error.at(step))?;
        let next = next_page(&answer.headers, &url);
        let next = next.map_err(|error| error.at(step))?;
        // The page that ends the log names itself.
        let next = next.filter(|next| *next != url);
        Ok(Page {
            text,
            next: next.map(String::from),
        })
    }

    async fn find(&self, log_id: &str, until: Instant) -> Result<Option<String>, PullError> {
        let path = format!("api/v2/logs/{}", percent_encode(log_id));
        let url = below(&self.settings.api, &path);
        match self.get(&url, OBJECT, until).await {
            Ok((_, text)) => Ok(Some(text)),
            Err(error) if error.is_unknown() => Ok(None),
            Err(error) => Err(error.at("find a log event by its log_id")),
        }
    }

    async fn search(&self, since: Timestamp, until: Instant) -> Result<String, PullError> {
        let mut url = self.logs();
        let since = since.strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
        url.query_pairs_mut()
            .append_pair("q", &format!("date:[{since} TO *]"))
            .append_pair("sort", "date:1")
            .append_pair("page", "0")
            .append_pair("per_page", PAGE_SIZE);
        let got = self.get(&url, ARRAY, until).await;
        let (_, text) = got.map_err(|error| error.at("search the log"))?;
        Ok(text)
    }
}

/// Asks for a token, once, where the rate limit leaves a call now.
async fn fetch_token(
    request: RequestBuilder,
    asks: Asks,
    allowance: Allowance,
    until: Instant,
) -> Result<AccessToken, Auth0Error> {
    allowance.check()?;
    let asked_at = Instant::now();
    let answer = exchange(request, until, TARGET).await;
    let answer = answer.map_err(Auth0Error::NoAnswer)?;
    allowance.note(&answer);
    if answer.status != StatusCode::OK {
        return Err(refusal(Endpoint::Token, asks, &answer));
    }
    let body = answer.whole_body();
    let token = body.and_then(|body| AccessToken::read(body, asked_at));
    token.ok_or_else(|| unreadable(&answer, "token"))
}

/// The body as text, where all of it came and it is one JSON value of the kind that is wanted: a far end may cut its answer
/// and count only what it sends.
fn text(answer: &Answer, want: Want) -> Option<String> {
    let body = answer.whole_body()?;
    let is_wanted = body.trim_ascii_start().first() == Some(&want.first_byte);
    let text = std::str::from_utf8(body).ok()?;
    let is_json = || serde_json::from_str::<IgnoredAny>(text).is_ok();
    (is_wanted && is_json()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
