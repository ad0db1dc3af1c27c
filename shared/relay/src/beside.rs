//! A call that goes on beside whoever began it, for what is read from afar and kept: tokens, credentials.
//!
//! Nobody holds a lock while it is under way, and a request that is cut off takes nothing of it along: what was asked
//! counts as asked.

use std::time::Duration;

use tenant_logs::Timestamp;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// A call under way, or ended. Dropped, it is cut off.
///
/// Where a process is frozen between requests, the call goes on in the next one.
#[derive(Debug)]
pub struct CallBeside {
    begun: Timestamp,
    time_out: Duration,
    ended: watch::Receiver<()>,
    task: AbortHandle,
}

impl CallBeside {
    /// Begins a call. Before anybody hears of its end, `note` takes what it brought; `None` if that took longer than
    /// `time_out`, by the wall clock too, because no other counts the time that a function spends frozen.
    pub fn begin<T>(
        time_out: Duration,
        call: impl Future<Output = T> + Send + 'static,
        note: impl FnOnce(Option<T>) + Send + 'static,
    ) -> Self {
        let begun = Timestamp::now();
        let (ending, ended) = watch::channel(());
        let task = tokio::spawn(async move {
            let brought = timeout(time_out, call).await.ok();
            note(brought.filter(|_| age(begun) <= time_out));
            drop(ending);
        });
        Self {
            begun,
            time_out,
            ended,
            task: task.abort_handle(),
        }
    }

    /// When it began, by the wall clock.
    pub fn begun(&self) -> Timestamp {
        self.begun
    }

    /// Whether it may still bring something.
    pub fn is_under_way(&self) -> bool {
        self.ended.has_changed().is_ok() && age(self.begun) <= self.time_out
    }

    /// Makes it so much older, as if the process had been frozen meanwhile.
    #[cfg(test)]
    pub(crate) fn freeze(&mut self, time: Duration) {
        self.begun -= time;
    }

    /// Waits for its end, without holding it.
    pub fn end(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ended = self.ended.clone();
        async move { while ended.changed().await.is_ok() {} }
    }
}

impl Drop for CallBeside {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns how long ago something was; what lies ahead, because the clock was set back, counts as long ago.
pub fn age(at: Timestamp) -> Duration {
    Duration::try_from(Timestamp::now().duration_since(at)).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::{Arc, Mutex};

    use super::*;

    type Noted = Arc<Mutex<Vec<Option<u8>>>>;

    fn begin(noted: &Noted, call: impl Future<Output = u8> + Send + 'static) -> CallBeside {
        let noted = Arc::clone(noted);
        CallBeside::begin(Duration::from_secs(5), call, move |brought| {
            noted.lock().unwrap().push(brought);
        })
    }

    #[tokio::test(start_paused = true)]
    async fn it_goes_on_though_nobody_waits_and_is_noted_before_its_end() {
        let noted = Noted::default();
        let call = begin(&noted, async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            7
        });
        assert!(call.is_under_way());
        let waited = timeout(Duration::from_secs(1), call.end()).await;
        assert!(waited.is_err(), "it has ended early");
        call.end().await;
        assert_eq!(*noted.lock().unwrap(), [Some(7)]);
        assert!(!call.is_under_way());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_ends_with_its_time_out_and_has_brought_nothing() {
        let noted = Noted::default();
        let call = begin(&noted, pending());
        call.end().await;
        assert_eq!(*noted.lock().unwrap(), [None]);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_freeze_beyond_its_time_out_it_is_no_longer_under_way() {
        let noted = Noted::default();
        let mut call = begin(&noted, pending());
        call.freeze(Duration::from_secs(6));
        assert!(!call.is_under_way());
    }

    #[tokio::test(start_paused = true)]
    async fn dropped_it_is_cut_off_and_whoever_waits_goes_on() {
        let noted = Noted::default();
        let call = begin(&noted, pending());
        let end = call.end();
        drop(call);
        end.await;
        assert_eq!(*noted.lock().unwrap(), []);
    }
}
