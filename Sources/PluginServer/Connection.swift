// Unsafe pointers: the input's free space is lent to the kernel.

import CFlightRecorder
import EventLoop
import Logging
import WireProtocol

/// What a connection's bytes mean. [loop]
protocol Conversation: AnyObject, Sendable {
    var wireProtocol: WireProtocolKind { get }
    /// Takes in what it can of `connection.input`, and no more requests while the connection is clogged.
    func receive() throws(WireError)
    /// Whether neither side owes the other anything: another process may go on from here.
    var isIdle: Bool { get }
    /// Whether Kong owes answers. They are taken in even while the connection is clogged: Kong reads on only when it is
    /// rid of them.
    var awaitsAnswers: Bool { get }
    /// The connection is gone.
    func connectionClosed()
}

/// One connection from Kong: bytes in and out. What they mean is up to its conversation, which begins when the first
/// of them show the protocol. Everything is [loop].
// @unchecked Sendable: used on its loop's thread only; it is named in closures that go there.
final class Connection: EventSource, @unchecked Sendable {
    let context: LoopContext
    private var socket: StreamSocket?
    private var registration: Registration?
    private var interest = Connection.reading
    private var conversation: (any Conversation)?
    private var flushesAtEndOfTurn = false
    /// While `ready` runs; and whether something is to be sent when it has.
    private var isReady = false
    private var flushesWhenRead = false
    /// Whether the kernel has no room for what is to be sent. Only then is it worth a system call to be told of room.
    private var waitsForRoom = false
    /// Whether requests have been left in the input, since the connection was clogged.
    private var hasHeldBack = false

    /// What has come and has not been taken in.
    var input = ByteQueue()
    /// What is to be sent. Whoever appends to it calls `flushAtEndOfTurn`.
    var output = ByteQueue()

    @inline(__always)
    private static var reading: Readiness { [.readable, .finished, .once] }
    private static let readSize = 16 * 1024
    /// What is read at most in one turn, so that one busy connection does not keep the others waiting.
    private static let readsPerTurn = 64
    /// A client is not listened to while this much waits for it. It is also what one connection may bring about in one
    /// turn: requests that came together wait for the next one, and others have their turn before.
    private static let outputHighWater = 256 * 1024

    init(_ socket: consuming OwnedDescriptor, _ context: LoopContext) {
        self.context = context
        self.socket = StreamSocket(owning: socket)
    }

    func open() throws(SystemError) {
        try register()
        context.connectionCounts.accepted += 1
    }

    private func register() throws(SystemError) {
        guard let number = socket?.number else { return }
        registration = try context.loop.add(self, descriptor: number, for: interest)
        record = context.takeRecord()
        record?.pointee.fd = number
        context.connections[ObjectIdentifier(self)] = self
    }

    var isOpen: Bool { registration != nil }

    /// Who has connected.
    var peer: PeerProcess? {
        guard let number = socket?.number else { return nil }
        return PeerProcess(of: number)
    }

    /// For the flight recorder: how a crash reaches it.
    private(set) var record: UnsafeMutablePointer<flight_connection>?

    /// Whether so much waits to be sent that no more requests are taken in.
    var isClogged: Bool { output.count >= Self.outputHighWater }

    /// Closes the connection; what has not been sent is lost.
    func close() {
        guard let registration else { return }
        context.loop.remove(registration)
        self.registration = nil
        if let record { context.putBack(record) }
        record = nil
        socket = nil
        context.connections[ObjectIdentifier(self)] = nil
        endConversation()
    }

    private func endConversation() {
        guard let ended = conversation else { return }
        conversation = nil
        ended.connectionClosed()
        // Its events have references to it that count nothing, and one of them may be what has brought this about.
        context.loop.schedule { withExtendedLifetime(ended) {} }
    }

    /// Whether nothing is answered any more, and Kong is to see so.
    private var hasLeft = false

    /// Ends the connection after what has been answered already, so that Kong sees its end whatever it is about to say: a
    /// connection that is closed while Kong writes to it is a failure there. It is closed when Kong has done so. Nothing
    /// happens while one side owes the other something.
    func leave() {
        // Over MessagePack it is the same to Kong, and between two steps of an event a connection is idle, too.
        if conversation?.wireProtocol == .messagePack { return closeAfterOutput() }
        guard isOpen, !hasLeft, conversation?.isIdle ?? true else { return }
        hasLeft = true
        if !output.isEmpty, case .moved(let count)? = socket?.write(output.bytes) {
            output.consume(count)
            context.connectionCounts.sentBytes &+= UInt64(count)
        }
        socket?.finishSending()
        input.consume(input.count)
    }

    /// Closes the connection after what has been answered already, as far as that goes out without waiting.
    func closeAfterOutput() {
        if isOpen, !output.isEmpty, !output.hasFailed, case .moved(let count)? = socket?.write(output.bytes) {
            context.connectionCounts.sentBytes &+= UInt64(count)
        }
        close()
    }

    /// What would be answered, or taken in, is not whole. Others go on.
    private func closeForWantOfMemory() {
        guard isOpen else { return }
        context.log(
            .error, about: "memory",
            "closing a connection: there is no memory for its messages, of which \(input.count) bytes have come and \(output.count) wait to be sent\n  fix: allow the server more memory (--worker-memory), or smaller messages (--max-message-size)")
        close()
    }

    // MARK: To and from another process

    /// Goes on with a connection that another process has had.
    func resume(_ connection: HandedConnection) throws(SystemError) {
        conversation = connection.wireProtocol.flatMap { WireProtocolKind(kongName: $0) }.map { kind in
            switch kind {
            case .messagePack: MessagePackConversation(self, context, isNew: false, isReturned: connection.isReturned)
            case .protoBuf: ProtoBufConversation(self, context)
            }
        }
        input.append(connection.unread)
        try register()
        if !input.isEmpty { receiveMore() }
    }

    func handOverIfIdle() {
        if isOpen, output.isEmpty, !output.hasFailed, conversation?.isIdle ?? true { handOver(to: nil) }
    }

    /// Lets another process go on. Nothing may be owed.
    /// - Parameter epoch: of the process; nil: of the newest.
    func handOver(to epoch: Int?) {
        guard let registration else { return }
        let handed = HandedConnection(wireProtocol: conversation?.wireProtocol.kongName, unread: Array(input.bytes))
        context.loop.remove(registration)
        self.registration = nil
        if let record { context.putBack(record) }
        record = nil
        context.connections[ObjectIdentifier(self)] = nil
        endConversation()
        guard let descriptor = socket.take()?.release() else { return }
        context.server.supervision.moved(handed, descriptor, epoch: epoch)
    }

    // MARK: In

    func ready(_ readiness: Readiness) {
        if readiness.contains(.writable) { flush() }
        let isEnding = !readiness.isDisjoint(with: [.hungUp, .finished])
        guard isOpen, interest.contains(.readable) || isEnding else { return }
        isReady = true
        let (sharesInput, sharesOutput) = borrowQueues()
        if isEnding || readiness.contains(.readable) { read(toTheEnd: isEnding) }
        isReady = false
        // What is answered by now leaves now: Kong can go on while others have their turn.
        if flushesWhenRead {
            flushesWhenRead = false
            flush()
        }
        giveBackQueues(sharesInput, sharesOutput)
        noteWhetherBusy()
    }

    /// Takes the loop's queues in place of those that are empty: mostly what comes is whole, and what is answered goes at once, so
    /// that all connections do with the same few pages of memory.
    private func borrowQueues() -> (input: Bool, output: Bool) {
        let (sharesInput, sharesOutput) = (input.isEmpty && !input.hasFailed, output.isEmpty && !output.hasFailed)
        if sharesInput { swap(&input, &context.sharedInput) }
        if sharesOutput { swap(&output, &context.sharedOutput) }
        return (sharesInput, sharesOutput)
    }

    /// Gives them back, but for those in which something is left: the loop gets this connection's own instead.
    private func giveBackQueues(_ sharesInput: Bool, _ sharesOutput: Bool) {
        if sharesInput, input.isEmpty, !input.hasFailed { swap(&input, &context.sharedInput) }
        if sharesOutput, output.isEmpty, !output.hasFailed { swap(&output, &context.sharedOutput) }
    }

    /// - Parameter toTheEnd: whether more than what has come now is to be read: that there is no more will not be told again.
    private func read(toTheEnd: Bool) {
        var hasClosed = false
        var reads = 0
        reading: while true {
            let room = input.room(minimum: Self.readSize)
            guard !input.hasFailed else { return closeForWantOfMemory() }
            guard let outcome = socket?.read(into: room) else { return }
            switch outcome {
            case .moved(let count):
                input.commit(count)
                context.connectionCounts.receivedBytes &+= UInt64(count)
                // A short read has emptied the socket; asking again would cost a system call to hear so.
                guard count >= Self.readSize || toTheEnd else { break reading }
                reads += 1
                if reads == Self.readsPerTurn {
                    rearm()
                    break reading
                }
            case .wouldBlock: break reading
            case .closed:
                hasClosed = true
                break reading
            }
        }
        if hasLeft { input.consume(input.count) }
        if !input.isEmpty { receiveMore() }
        if hasClosed { close() }
    }

    /// Asks to be told again of what has come and has not been read.
    private func rearm() {
        if let registration { context.loop.modify(registration, to: interest) }
    }

    /// Takes in what has come: after reading, and when the conversation is ready for more.
    func receiveMore() {
        guard isOpen, !hasLeft else { return }
        do {
            if conversation == nil {
                guard let kind = WireProtocolKind.detect(input.bytes) else { return }
                conversation =
                    switch kind {
                    case .messagePack: MessagePackConversation(self, context, isNew: true)
                    case .protoBuf: ProtoBufConversation(self, context)
                    }
            }
            try conversation?.receive()
        } catch {
            let unreadable = UnreadableInput(input.bytes, as: conversation?.wireProtocol, error, limit: context.messageLimit)
            context.log(.warning, about: "\(unreadable)", "closing a connection \(unreadable)")
            return closeAfterOutput()
        }
        hasHeldBack = isClogged && !input.isEmpty
        updateInterest()
        if context.isRetiring { handOverIfIdle() }
    }

    // MARK: Out

    /// What has been appended shall be sent: when what has come is read, if that is being done, else when the turn ends.
    func flushAtEndOfTurn() {
        guard !flushesAtEndOfTurn, isOpen else { return }
        if isReady {
            flushesWhenRead = true
            return
        }
        flushesAtEndOfTurn = true
        context.loop.atEndOfTurn(self)
    }

    func endOfTurn() {
        flushesAtEndOfTurn = false
        flush()
        noteWhetherBusy()
    }

    private func flush() {
        guard !output.hasFailed else { return closeForWantOfMemory() }
        while isOpen, !output.isEmpty {
            guard let outcome = socket?.write(output.bytes) else { return }
            switch outcome {
            case .moved(let count):
                output.consume(count)
                context.connectionCounts.sentBytes &+= UInt64(count)
                record?.pointee.sends &+= 1
            case .wouldBlock:
                waitsForRoom = true
                record?.pointee.is_cut = 1
                return updateInterest()
            // What Kong has sent before it closed may still be there to be read, and says how the event ended.
            case .closed: return read(toTheEnd: true)
            }
        }
        waitsForRoom = false
        record?.pointee.is_cut = 0
        if hasHeldBack {
            hasHeldBack = false
            context.loop.schedule { [self] in receiveMore() }
        }
        updateInterest()
        if context.isRetiring { handOverIfIdle() }
    }

    /// For a crash, which ends idle connections before the others.
    private func noteWhetherBusy() { record?.pointee.is_busy = conversation?.isIdle == false ? 1 : 0 }

    /// Reads while there is room for what comes, and waits to write while something is left to be sent.
    private func updateInterest() {
        guard let registration else { return }
        var wanted: Readiness = waitsForRoom ? [.writable, .once] : .once
        let inputLimit = context.messageLimit + Self.readSize
        let isWelcome = !isClogged || conversation?.awaitsAnswers == true
        if isWelcome, input.count < inputLimit { wanted.formUnion(Self.reading) }
        guard wanted != interest else { return }
        interest = wanted
        context.loop.modify(registration, to: wanted)
    }
}
