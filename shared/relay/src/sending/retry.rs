//! One call that carries no batch: made again while that helps and there is time.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::back_off;
use crate::call_error::CallError;
use crate::ports::Remedy;

/// How often a call is made, and how long each try is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Tries {
    /// Tries after which the last failure stands.
    pub max: u32,
    /// Most time one try may take before it counts as unanswered.
    pub max_time: Duration,
}

/// Makes a call of `target`, and makes it again while its failure says that this helps; `call` gets the end of each try.
///
/// # Errors
/// The last try's failure, once another try could not begin before `until`.
pub async fn call_with_retry<T, C: Future<Output = Result<T, CallError>>>(
    target: &str,
    tries: Tries,
    until: Instant,
    call: impl Fn(Instant) -> C,
) -> Result<T, CallError> {
    let mut made = 0;
    loop {
        let end = until.min(Instant::now() + tries.max_time);
        let error = match timeout_at(end, call(end)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(_elapsed) => CallError::TimedOut {
                target: target.to_owned(),
            },
        };
        made += 1;
        let wait = back_off(made).max(error.retry_after().unwrap_or_default());
        let wake = Instant::now().checked_add(wait);
        match wake.filter(|wake| *wake < until) {
            Some(wake) if error.remedy() == Remedy::Retry && made < tries.max => {
                sleep_until(wake).await;
            }
            Some(_) | None => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::pending;

    use super::*;
    use crate::call_error::ServiceCode;

    const TRIES: Tries = Tries {
        max: 4,
        max_time: Duration::from_secs(5),
    };

    fn busy(retry_after: Option<Duration>) -> CallError {
        CallError::Busy {
            target: "the table".to_owned(),
            code: ServiceCode::of_status(503, None),
            retry_after,
        }
    }

    /// Makes a call within a time; `answer` is told how many tries were made before. Returns the result, and the tries.
    async fn check<C: Future<Output = Result<u32, CallError>>>(
        time: Duration,
        answer: impl Fn(u32) -> C,
    ) -> (Result<u32, CallError>, u32) {
        let made = Cell::new(0);
        let until = Instant::now() + time;
        let result = call_with_retry("the table", TRIES, until, |_| {
            made.set(made.get() + 1);
            answer(made.get() - 1)
        });
        (result.await, made.get())
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_made_until_it_passes() {
        let answer = async |before| match before {
            0 => pending().await,
            1 => Err(busy(None)),
            passes => Ok(passes),
        };
        let (result, made) = check(Duration::from_mins(1), answer).await;
        assert_eq!((result.unwrap(), made), (2, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn after_its_last_try_the_failure_stands() {
        let (result, made) = check(Duration::from_mins(1), async |_| pending().await).await;
        assert!(matches!(result, Err(CallError::TimedOut { .. })));
        assert_eq!(made, TRIES.max);
    }

    #[tokio::test(start_paused = true)]
    async fn no_try_begins_too_late_or_while_the_service_asks_to_be_left_alone() {
        let (result, made) = check(Duration::from_secs(5), async |_| pending().await).await;
        assert!(matches!(result, Err(CallError::TimedOut { .. })));
        assert_eq!(made, 1);
        for asked in [Duration::from_mins(1), Duration::MAX] {
            let answer = async |_| Err(busy(Some(asked)));
            let (result, made) = check(Duration::from_mins(1), answer).await;
            assert!(matches!(result, Err(CallError::Busy { .. })));
            assert_eq!(made, 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_try_does_not_help_fails_at_once() {
        let answer = async |_| {
            Err(CallError::Closed {
                target: "the table".to_owned(),
                code: ServiceCode::of_status(403, None),
                advice: "",
            })
        };
        let (result, made) = check(Duration::from_mins(1), answer).await;
        assert!(matches!(result, Err(CallError::Closed { .. })));
        assert_eq!(made, 1);
    }
}
