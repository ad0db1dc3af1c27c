//! What processes cost: CPU time and peak memory, as the kernel counts them under `/proc`.
//!
//! Elsewhere than on Linux nothing can be read, and the answer is none rather than zero.

use std::fs;
use std::time::Duration;

/// The kernel reports CPU time to programs in hundredths of a second (`USER_HZ`), whatever its own clock.
const TICK: Duration = Duration::from_millis(10);

/// The CPU time and peak memory of one or several processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// User and system time, summed over all processes.
    pub cpu: Duration,
    /// The highest peak of resident memory (`VmHWM`) among them.
    pub peak_memory_bytes: u64,
}

impl Usage {
    /// Both together: times add up, the higher peak counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            peak_memory_bytes: self.peak_memory_bytes.max(other.peak_memory_bytes),
        }
    }

    /// Reads a live process.
    pub fn of_process(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        Some(Self {
            cpu: cpu(&stat)?.max(cpu_of_threads(id)),
            peak_memory_bytes: peak_memory_bytes(&status)?,
        })
    }
}

/// Fields 14 and 15 (proc(5)), counted after the program's name, which may hold spaces and parentheses itself.
fn cpu(stat: &str) -> Option<Duration> {
    let (_name, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11);
    let user: u32 = times.next()?.parse().ok()?;
    let system: u32 = times.next()?.parse().ok()?;
    Some(TICK * user.checked_add(system)?)
}

/// The CPU time of all threads that live, in nanoseconds where `stat` counts in ticks: a start is shorter than one.
fn cpu_of_threads(id: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{id}/task"))
        .into_iter()
        .flatten();
    let times = threads.flatten().filter_map(|thread| {
        let times = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        let running = times.split(' ').next()?.parse().ok()?;
        Some(Duration::from_nanos(running))
    });
    times.sum()
}

fn peak_memory_bytes(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_after_a_name_with_parentheses() {
        let stat =
            "4711 (odd ) (name) S 1 4711 4711 0 -1 4194560 900 0 0 0 12 34 5 6 20 0 3 0 99 1 2 3";
        assert_eq!(cpu(stat), Some(Duration::from_millis(460)));
        assert_eq!(cpu("4711 (short) S 1"), None);
    }

    #[test]
    fn the_cpu_time_of_a_live_process_is_finer_than_a_tick() {
        let spent = cpu_of_threads(std::process::id());
        assert!(spent > Duration::ZERO, "{spent:?}");
        assert_ne!(spent.subsec_nanos() % 10_000_000, 0, "{spent:?}");
    }

    #[test]
    fn peak_memory_is_read_in_bytes() {
        assert_eq!(
            peak_memory_bytes("VmPeak:\t 9 kB\nVmHWM:\t    1804 kB\n"),
            Some(1_847_296)
        );
        assert_eq!(peak_memory_bytes("Name:\tzombie\n"), None);
    }

    #[test]
    fn times_add_up_and_the_higher_peak_counts() {
        let of = |millis, peak_memory_bytes| Usage {
            cpu: Duration::from_millis(millis),
            peak_memory_bytes,
        };
        assert_eq!(of(10, 7).and(of(20, 5)), of(30, 7));
    }
}
