# shellcheck shell=bash
# lessons.sh - each lesson of lessons/ ends as it says
#
# They start a daemon of their own in the namespaces that the case was given.

lesson()
{
	LESSON_INSIDE=1 B=$R bash "$HERE/lessons/$1.sh" || fail "the lesson is wrong"
}

# three segments make a connection (RFC 9293 section 3.5)
case_lesson_handshake()
{
	lesson handshake
}

# a line there and back: data, acknowledgements, and the end
case_lesson_echo()
{
	lesson echo
}

# the four ways a connection closes, half-close and TIME-WAIT among them
case_lesson_closing()
{
	lesson closing
}

# the first segment is lost: there is only the timer
case_lesson_lost_syn()
{
	lesson lost_syn
}

# the stack as the client of a kernel's server, and its first SYN lost
case_lesson_we_connect()
{
	lesson we_connect
}

# one segment of twenty is lost, and mended without a timer
case_lesson_lost_third_segment()
{
	lesson lost_third_segment
}

# the end of a flight is lost: nothing behind it can tell
case_lesson_lost_last_segment()
{
	lesson lost_last_segment
}

# a receiver that does not read stops its sender
case_lesson_zero_window()
{
	lesson zero_window
}

# who sends a reset, and when
case_lesson_reset()
{
	lesson reset
}

# segments that overtake each other are no loss
case_lesson_reordering()
{
	lesson reordering
}

# losses come in bursts: the Gilbert-Elliott model
case_lesson_burst()
{
	lesson burst
}

# a queue that is too long is seen in the round-trip time
case_lesson_bufferbloat()
{
	lesson bufferbloat
}

# key exchange, cipher and MAC: read along, named, tampered with
case_lesson_secure()
{
	lesson secure
}

# TLS costs two round trips, and one when a session is resumed
case_lesson_secure_handshake()
{
	lesson secure_handshake
}
