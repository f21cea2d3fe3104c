import Postgres

/// The calls that create tasks.
enum EnqueueSQL {
    static func enqueueMany(_ chunk: EnqueueChunk, by author: EnqueueAuthor, requestID: String?) -> SQL {
        """
        SELECT id, created FROM pgswarm.enqueue_many(
            queue => \(chunk.queue), payloads => \(chunk.payloads), options => \(chunk.shared), each => \(chunk.each),
            parent => \(author.parent?.text), agent => \(author.agent), session => \(author.session),
            request_id => \(requestID)) ORDER BY ord
        """
    }

    static func ring(_ queues: [QueueName]) -> SQL {
        "SELECT pgswarm.ring(queues => \(queues))"
    }
}
