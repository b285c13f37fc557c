//! The honesty page.

use super::Text;

pub const TITLE: Text = [
    "What is real here, and what is not",
    "這裡哪些是真的，哪些不是",
];
pub const INTRO: Text = [
    "Konbini is not a drawing of Kafka: brokers compiled to WebAssembly run in this tab and speak Kafka's protocol. It is not Apache Kafka either. Here is the line between the two.",
    "Konbini 不是 Kafka 的動畫，而是編譯成 WebAssembly、在這個分頁裡執行、講 Kafka 協定的 broker。但它也不是 Apache Kafka。界線如下。",
];
pub const REAL_TITLE: Text = ["Real", "真的"];
pub const REAL: &[Text] = &[
    [
        "Every message between clients and brokers is a Kafka frame in Kafka's own encoding; the Wire tab decodes them.",
        "Client 與 broker 之間的每則訊息都是 Kafka 編碼的 frame，「Wire」分頁可以看解碼結果。",
    ],
    [
        "Record batches (format v2) with CRC-32C and gzip, snappy, lz4 or zstd; segment files as Kafka writes them. Download one and open it with Kafka's own dump tool.",
        "Record batch（v2 格式）含 CRC-32C 與 gzip、snappy、lz4、zstd 壓縮；segment 檔跟 Kafka 寫的一樣，可以下載後用 Kafka 的工具打開。",
    ],
    [
        "Consumer groups: join, sync, heartbeat, rebalance, committed offsets in the topic __consumer_offsets.",
        "Consumer group 的 join、sync、heartbeat、rebalance，以及存在 __consumer_offsets 這個 topic 裡的 committed offset。",
    ],
    [
        "Transactions: a coordinator for each transactional id with its log in __transaction_state, markers in every partition, the last stable offset, fencing by epoch, offsets that are committed with the records; each transaction has an epoch of its own (KIP-890). The producers of this page do not use them yet; code that you run can.",
        "交易（transaction）：每個 transactional id 都有 coordinator，紀錄存在 __transaction_state；每個 partition 都會寫入 marker，也有 last stable offset、用 epoch 擋下舊的 producer，offset 可以跟 record 一起 commit；每筆交易有自己的 epoch（KIP-890）。頁面上的 producer 還沒有用到，自己寫的程式可以用。",
    ],
    [
        "Replication: followers fetch over the same network with the same Fetch request as consumers; leader epochs, truncation, ISR, acks and min.insync.replicas decide as in Kafka.",
        "副本：follower 走同一個網路、用跟 consumer 一樣的 Fetch request；leader epoch、截斷、ISR、acks、min.insync.replicas 的判斷都跟 Kafka 一樣。",
    ],
    [
        "Elections: only a member of the ISR may lead, and the last one stays in the ISR even when it dies, as in Kafka before KIP-966; there are no eligible leader replicas (ELR). With fewer replicas in sync than min.insync.replicas the high watermark stands still, as in Kafka 4.",
        "選舉：只有 ISR 的成員能當 leader，ISR 最後一份副本就算倒了也留在名單上，這是 KIP-966 之前的規則，沒有 ELR（eligible leader replicas）。同步的副本少於 min.insync.replicas 時，high watermark 不會前進，這點跟 Kafka 4 一樣。",
    ],
    [
        "The controller is elected: up to five brokers vote, keep the metadata log __cluster_metadata on their own disks, and a change counts once a majority has stored it.",
        "Controller 是選出來的：最多五台 broker 參與投票，各自把 metadata log（__cluster_metadata）存在自己的磁碟，過半數存好才算數。",
    ],
    [
        "Storage: what was acknowledged is in this browser's IndexedDB first. Kill the tab and it is still there; a reload is a power cut.",
        "儲存：ack 之前資料已寫進瀏覽器的 IndexedDB。把分頁關掉也還在，重新整理就等於斷電重開。",
    ],
    [
        "Code: programs run kafkajs as it is on npm, and its sockets end at these brokers.",
        "程式：執行的是 npm 上原封不動的 kafkajs，連線的另一端就是這些 broker。",
    ],
    [
        "Names, defaults and error codes follow Apache Kafka 4.",
        "名稱、預設值與錯誤碼都以 Apache Kafka 4 為準。",
    ],
];
pub const SIMULATED_TITLE: Text = ["Simulated", "模擬的"];
pub const SIMULATED: &[Text] = &[
    [
        "The network: frames travel with the latency that the scenario sets, drawn from a seed. Same seed and same actions give the same run.",
        "網路：frame 依情境設定的延遲傳送，抖動由種子決定。同樣的種子和動作，就會得到同樣的執行過程。",
    ],
    [
        "Failures: a killed broker, a cut line, a full disk are actions that a rule of the simulation carries out; what the brokers then do is their own. Connections behave like TCP: what is lost is sent again, later pieces wait.",
        "故障：broker 被強制結束、斷線、磁碟滿都是由模擬規則造成的動作，之後 broker 怎麼反應則是它自己的事。連線的行為跟 TCP 一樣：掉了就重送，後面的要等。",
    ],
    [
        "Time: all of it is virtual, which is why it can be paused and sped up. Waiting for a disk costs no virtual time.",
        "時間：全部是虛擬時間，所以可以暫停和加速。等磁碟不花虛擬時間。",
    ],
    [
        "Node around a program: small modules of ours, and a clock that stands still while the program computes. A program that computes for more than two seconds falls out of step with the cluster. The packages kafkajs-lz4 and @kafkajs/zstd keep their interface, on WebAssembly.",
        "程式底下的 Node：由我們寫的小模組代替，程式計算時時鐘不會走。連續計算超過兩秒的程式會跟不上 cluster 的時間。kafkajs-lz4 和 @kafkajs/zstd 的介面不變，底下換成 WebAssembly。",
    ],
    [
        "Producers and consumers on timers are ours, written after Apache Kafka's Java clients.",
        "定時運作的 producer 和 consumer 是我們自己寫的，行為比照 Apache Kafka 的 Java client。",
    ],
];
pub const MISSING_TITLE: Text = ["Not here", "這裡沒有"];
pub const MISSING: &[Text] = &[
    [
        "A quorum that changes: the voters are the first five brokers for good. A broker that points consumers to the closest replica (they may read from any). KIP-966's eligible leader replicas.",
        "會變動的 quorum：voter 固定是前五台 broker。由 broker 指定 consumer 從最近的副本讀取（但從哪個副本讀都可以）。KIP-966 的 ELR。",
    ],
    [
        "Zero copy, page cache and real disk speed: a tab has none of them. Nothing here is a benchmark of Kafka.",
        "零拷貝、page cache、真實磁碟速度：分頁裡都沒有，這裡的數字不能當作 Kafka 的效能數據。",
    ],
    [
        "Share groups and streams groups (KIP-932, KIP-1071), tiered storage. Where else the answers differ from Apache Kafka 4.3.1's is listed in the repository, in tests/differential/known.txt, with the reason for each.",
        "Share group 與 streams group（KIP-932、KIP-1071）、分層儲存。其他跟 Apache Kafka 4.3.1 回應不同的地方，連同原因都列在原始碼的 tests/differential/known.txt。",
    ],
    [
        "TLS, SASL, ACLs, quotas: asked about these, a broker answers as one that has none. Brokers serve the group protocol of KIP-848, but the consumers of this page speak the classic one only.",
        "TLS、SASL、ACL、配額：問到這些，broker 就照沒設定的樣子回答。Broker 支援 KIP-848 的 group 協定，但這一頁的 consumer 只用 classic 協定。",
    ],
];
pub const PICTURE: Text = [
    "In the picture, a parcel that travels faster than the eye can follow is drawn for 0.4 s, and the shelf shows it when the parcel arrives. Numbers, events and the inspector never wait.",
    "畫面上，快到眼睛跟不上的包裹會至少畫 0.4 秒，貨架等包裹到了才顯示。數字、事件與檢視器不會等。",
];
