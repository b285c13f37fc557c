//! Reading cards: the ideas behind the lessons, in our own words.

use super::Text;

pub struct Card {
    pub title: Text,
    pub text: &'static [Text],
    /// What of it can be seen on this page, and what cannot.
    pub seen_here: Text,
}

pub const SEEN_HERE: Text = ["Here:", "在這裡："];

pub const CARDS: &[Card] = &[
    Card {
        title: [
            "What a log between systems is good for",
            "系統之間放一個 log，好處在哪",
        ],
        text: &[
            [
                "When every system calls every other one directly, each new one has to be wired to all the rest, and a slow one holds up whoever calls it. With a log in the middle each system writes once or reads once, and knows nobody but the log.",
                "系統彼此直接呼叫時，每多一個就要跟其他全部接一次線，而且其中一個變慢，呼叫它的人就跟著卡住。中間放一個 log，每個系統只要寫一次或讀一次，除了 log 誰都不用認識。",
            ],
            [
                "Three things come of it. Decoupling: the writer need not know who reads. Asynchrony: it need not wait until they have read. Smoothing: a rush is stored and worked off at the reader's pace.",
                "由此得到三件事。解耦：寫的人不必知道誰會讀。非同步：不必等對方讀完。削峰：尖峰時先存著，讀的人照自己的速度慢慢消化。",
            ],
        ],
        seen_here: [
            "lesson 1; stop a consumer and see that no producer slows down.",
            "見第 1 課；停掉 consumer，看 producer 有沒有因此變慢。",
        ],
    },
    Card {
        title: ["Why it is fast: written in order", "為什麼快：順序寫入"],
        text: &[[
            "A disk is slow at jumping and fast at going on. A partition only ever appends, so writing never jumps; reading goes forward through the same files, mostly out of the operating system's page cache.",
            "磁碟怕的是跳來跳去，連續讀寫其實很快。Partition 只會往尾端附加，所以寫入不必跳；讀取也是順著同一批檔案往前走，而且多半直接來自作業系統的 page cache。",
        ]],
        seen_here: [
            "a partition's segments in the inspector grow at one end only. How fast a real disk would be cannot be measured in a tab.",
            "在檢視器裡看 partition 的 segment，只會從一端變長。真正磁碟的速度在分頁裡量不出來。",
        ],
    },
    Card {
        title: ["Why it is fast: zero copy", "為什麼快：零拷貝"],
        text: &[[
            "A broker stores batches exactly as the producer sent them, so it can hand them to a consumer without looking inside. Apache Kafka uses sendfile for that: bytes go from the page cache to the network card without passing through the program. (With TLS they do pass through it.)",
            "Broker 存的就是 producer 送來的那一批 bytes，所以交給 consumer 時完全不必拆開。Apache Kafka 用 sendfile 來做：資料從 page cache 直接送到網路卡，不經過程式本身（開了 TLS 就還是會經過）。",
        ]],
        seen_here: [
            "the same bytes in and out, yes: compare a batch's CRC in the wire and in the log. Zero copy itself, no: a tab has neither page cache nor sendfile, and we do not pretend.",
            "進出是同一批 bytes，這看得到：比對 Wire 和 log 裡的 CRC。零拷貝本身就看不到了：分頁裡沒有 page cache 也沒有 sendfile，我們不假裝有。",
        ],
    },
    Card {
        title: ["Why it is fast: batches", "為什麼快：批次"],
        text: &[[
            "Each request has a price of its own, whatever is in it. A producer therefore collects records for a partition until batch.size is reached or linger.ms has passed, and sends them as one batch.",
            "不管裡面裝多少，每個 request 都有固定成本。所以 producer 會把要送去同一個 partition 的 record 攢起來，攢到 batch.size 或等過 linger.ms，再整批送出。",
        ]],
        seen_here: [
            "give a producer 200 records a second, change linger.ms from 0 to 100 and watch its requests per record fall.",
            "讓 producer 每秒送 200 筆，把 linger.ms 從 0 改成 100，看平均每筆 record 用掉的 request 變少。",
        ],
    },
    Card {
        title: ["Why it is fast: compressed batches", "為什麼快：整批壓縮"],
        text: &[[
            "Where the network is the narrow place, a whole batch is compressed at once; records that look alike pack far better together than one by one. The broker keeps the batch compressed, on disk and on the way out.",
            "瓶頸在網路時，就把整批一起壓縮；長得像的 record 一起壓，效果比一筆一筆壓好得多。Broker 存檔和送出時都維持壓縮的樣子。",
        ]],
        seen_here: [
            "batches in the inspector show their size beside the size of their records. The four codecs are the real ones.",
            "檢視器裡每個 batch 都會列出壓縮後和壓縮前的大小。四種壓縮演算法都是真的。",
        ],
    },
    Card {
        title: ["Beside Redis pub/sub", "跟 Redis pub/sub 比一比"],
        text: &[
            [
                "There are two ways to tell an office good news. Walk to each desk: quick, but whoever is out misses it. Or write it on a blackboard that is wiped after a week: whoever comes back in time still reads it.",
                "要告訴整個辦公室一個好消息，有兩種辦法。一個一個座位去講：快，但不在座位的人就錯過了。或者寫在黑板上，一週後才擦：只要在那之前回來，都還看得到。",
            ],
            [
                "Redis pub/sub walks to the desks: what nobody is subscribed to at that moment is gone. Kafka writes on the blackboard, and retention.ms says when it is wiped. (Redis Streams do keep entries; they are another thing than pub/sub.)",
                "Redis pub/sub 是走去座位：當下沒人訂閱，訊息就沒了。Kafka 是寫黑板，多久擦一次看 retention.ms。（Redis Streams 會把資料留下來，那跟 pub/sub 是兩回事。）",
            ],
        ],
        seen_here: [
            "lesson 2 is the blackboard. There is no Redis here to compare with.",
            "第 2 課就是黑板。這裡沒有 Redis 可以實際比較。",
        ],
    },
    Card {
        title: ["Leaders, followers, replicas", "Leader、follower 與副本"],
        text: &[[
            "A partition can be kept on several brokers. One of them leads: it takes all writes and serves the reads; the others fetch from it. When the leader fails, a follower that was in sync takes over.",
            "一個 partition 可以同時放在好幾台 broker 上，其中一台是 leader，寫入都找它、讀取由它提供，其他 follower 從它那裡抓資料。Leader 掛掉時，由跟得上進度的 follower 接手。",
        ]],
        seen_here: [
            "lessons 5 to 9; or create a topic with three replicas, kill a broker from its menu and watch the leaders move.",
            "見第 5 到第 9 課；或建立一個有三份副本的 topic，從選單強制結束一台 broker，看 leader 怎麼換人。",
        ],
    },
    Card {
        title: ["KRaft: who keeps the list", "KRaft：名單由誰保管"],
        text: &[[
            "Somebody has to know which topics exist and who leads what. Kafka used to keep that in ZooKeeper, a second system to run. Since KRaft, and only KRaft since 4.0, it is a log of Kafka's own, __cluster_metadata, written by a controller that the brokers elect among them.",
            "總得有人記得有哪些 topic、誰是 leader。以前 Kafka 把這些放在 ZooKeeper，等於要多養一套系統。有了 KRaft 之後（4.0 起也只剩 KRaft），它就是 Kafka 自己的一個 log：__cluster_metadata，由選出來的 controller 寫入。",
        ]],
        seen_here: [
            "the controller writes that log with Kafka's own record formats and the other brokers fetch it. The brokers elect the controller among themselves (KRaft), and a change counts once a majority has stored it.",
            "Controller 用 Kafka 的格式寫這個 log，其他 broker 再把它抓過去。Controller 由 broker 之間投票選出（KRaft），過半數存好的變更才算數。",
        ],
    },
];
