//! The share of a core that Lambda gives a function of 128 MB, by a control group of the kernel.

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::contender::Contender;
use crate::stream::work_folder;

/// Lambda gives a whole core at 1,769 MB, and less in proportion (developer guide, "Configure Lambda function memory").
const SHARE_MICROS: u32 = PERIOD_MICROS * 128 / 1_769;
/// A start takes a few milliseconds. Over the kernel's usual 100 ms, of which the share is 7.2 ms, it would end at once or
/// one period later, and the ratio of two of them would be 1 or 5 by chance; in fifths of that it follows the CPU time.
const PERIOD_MICROS: u32 = 20_000;

/// A control group with that share; gone when dropped.
pub(crate) struct SmallShare {
    folder: PathBuf,
}

impl SmallShare {
    /// Makes it, of either version of control groups; an error where this user may not.
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let name = format!("auth0-log-relay-{}", std::process::id());
        let first = Path::new("/sys/fs/cgroup/cpu");
        if first.is_dir() {
            let share = Self {
                folder: first.join(name),
            };
            fs::create_dir(&share.folder)?;
            share.write("cpu.cfs_period_us", &PERIOD_MICROS.to_string())?;
            share.write("cpu.cfs_quota_us", &SHARE_MICROS.to_string())?;
            return Ok(share);
        }
        let share = Self {
            folder: Path::new("/sys/fs/cgroup").join(name),
        };
        fs::create_dir(&share.folder)?;
        share.write("cpu.max", &format!("{SHARE_MICROS} {PERIOD_MICROS}"))?;
        Ok(share)
    }

    fn write(&self, file: &str, value: &str) -> Result<(), Box<dyn Error>> {
        fs::write(self.folder.join(file), value)
            .map_err(|error| format!("{file} of a control group: {error}").into())
    }

    /// The same contender with this share: a script that joins the group and then becomes the program.
    ///
    /// It keeps to one core: a process that wakes up on another one leaves up to 1 ms of its share behind on the first (kernel,
    /// "CFS Bandwidth Control"), which is most of what a period has, and a matter of chance.
    pub(crate) fn of(&self, contender: &Contender) -> Result<Contender, Box<dyn Error>> {
        let name = contender.name.replace(' ', "-");
        let script = work_folder()?.canonicalize()?.join(name + ".sh");
        let procs = self.folder.join("cgroup.procs");
        let text = format!(
            "#!/bin/sh\ntaskset -pc 0 $$ > /dev/null && echo $$ > '{}' && exec '{}'\n",
            procs.display(),
            contender.program.display()
        );
        fs::write(&script, text)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        Ok(Contender {
            name: contender.name,
            program: script,
        })
    }
}

impl Drop for SmallShare {
    fn drop(&mut self) {
        // One that still has a process stays, as an empty folder that the next start of the system clears.
        let _left_behind = fs::remove_dir(&self.folder);
    }
}
