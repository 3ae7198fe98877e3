//! A disk that is soon full.

use std::{path::Path, process::Command};

use crate::Folder;

/// A folder with room for little: a `tmpfs`, which is unmounted with it.
#[derive(Debug)]
pub struct SmallDisk {
    folder: Folder,
}

impl SmallDisk {
    /// Room for so many KiB. `None` where this process may not mount one.
    pub fn new(name: &str, kib: u32) -> Option<Self> {
        let folder = Folder::new(name).ok()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={kib}k"), "tmpfs"]);
        let mounted = mount.arg(folder.path()).output().ok()?;
        mounted.status.success().then_some(Self { folder })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes room for so many KiB in all.
    pub fn resize(&self, kib: u32) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,size={kib}k")]);
        let mounted = mount.arg(self.path()).output();
        mounted.is_ok_and(|mounted| mounted.status.success())
    }
}

impl AsRef<Path> for SmallDisk {
    fn as_ref(&self) -> &Path {
        self.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What stays mounted is in the way of nothing.
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}
