//! Epoch, leader and vote of this node, and the file `quorum-state` that keeps them.
//!
//! The file is JSON, as Kafka writes it for voters that do not change (`data_version` 0):
//! ```text
//! {"clusterId":"","leaderId":1,"leaderEpoch":3,"votedId":-1,"appliedOffset":0,
//!  "currentVoters":[{"voterId":1},{"voterId":2},{"voterId":3}],"data_version":0}
//! ```

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The file's name in the directory of the metadata log.
pub const QUORUM_STATE: &str = "quorum-state";

/// What stands where no node is meant.
const NOBODY: i32 = -1;

/// Highest epoch that is taken from anybody: there is always a next one.
pub(crate) const MAX_EPOCH: i32 = i32::MAX - 1;

/// What must survive a crash: nobody votes twice in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Election {
    pub epoch: i32,
    pub leader: Option<i32>,
    pub voted: Option<i32>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    cluster_id: String,
    leader_id: i32,
    leader_epoch: i32,
    voted_id: i32,
    #[serde(default)]
    applied_offset: i64,
    #[serde(default)]
    current_voters: Vec<FileVoter>,
    #[serde(rename = "data_version")]
    data_version: i16,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileVoter {
    voter_id: i32,
}

impl Election {
    /// The next epochs begin like this.
    pub fn in_epoch(epoch: i32) -> Election {
        Election {
            epoch,
            leader: None,
            voted: None,
        }
    }

    pub fn encode(&self, voters: impl Iterator<Item = i32>) -> Bytes {
        let file = File {
            cluster_id: String::new(),
            leader_id: self.leader.unwrap_or(NOBODY),
            leader_epoch: self.epoch,
            voted_id: self.voted.unwrap_or(NOBODY),
            applied_offset: 0,
            current_voters: voters.map(|voter_id| FileVoter { voter_id }).collect(),
            data_version: 0,
        };
        serde_json::to_vec(&file)
            .expect("numbers and strings can be written")
            .into()
    }

    pub fn decode(bytes: &[u8]) -> Result<Election, String> {
        let file: File = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if !(0..=1).contains(&file.data_version) {
            return Err(format!("its version is {}", file.data_version));
        }
        if file.leader_epoch < 0 {
            return Err(format!("its epoch is {}", file.leader_epoch));
        }
        let somebody = |id: i32| (id >= 0).then_some(id);
        Ok(Election {
            epoch: file.leader_epoch,
            leader: somebody(file.leader_id),
            voted: somebody(file.voted_id),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_kafkas() {
        let election = Election {
            epoch: 3,
            leader: Some(1),
            voted: None,
        };
        let bytes = election.encode([1, 2].into_iter());
        let text = r#"{"clusterId":"","leaderId":1,"leaderEpoch":3,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1},{"voterId":2}],"data_version":0}"#;
        assert_eq!(bytes, text);
        assert_eq!(Election::decode(&bytes), Ok(election));
    }

    #[test]
    fn other_files() {
        let with_directories = br#"{"leaderId":-1,"leaderEpoch":7,"votedId":2,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}"#;
        let election = Election {
            epoch: 7,
            leader: None,
            voted: Some(2),
        };
        assert_eq!(Election::decode(with_directories), Ok(election));
        for bad in [
            &b""[..],
            b"{}",
            br#"{"leaderId":-1,"leaderEpoch":-4,"votedId":2,"data_version":1}"#,
            br#"{"leaderId":-1,"leaderEpoch":4,"votedId":2,"data_version":9}"#,
        ] {
            assert!(Election::decode(bad).is_err(), "{bad:?}");
        }
    }
}
