/* Frames: a message inside COBS, with a header and a CRC, ended by a zero byte. No hardware, no memory of its
 * own.
 *
 * version, type, sequence (2), length, payload (length), CRC-16/CCITT-FALSE (2) over all before it; little
 * end first. */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "wormctl_messages.h"

#define FRAME_HEADER 5
#define FRAME_RAW (FRAME_HEADER + MAX_PAYLOAD + 2)
#define FRAME_WIRE (FRAME_RAW + 2) /* one code byte, as a raw frame is shorter than 254, and the zero */

struct frame {
    uint8_t type;
    uint16_t sequence;
    uint8_t length;
    const uint8_t *payload;
};

/* Takes a line of bytes apart. Zero it before the first byte. */
struct frame_reader {
    uint8_t raw[FRAME_RAW];
    uint8_t used;
    uint8_t left;   /* bytes until the next code byte */
    bool zero_next; /* the next code byte stands for a zero, too */
    bool bad;       /* nothing more counts until the next zero byte */
};

enum frame_result { FRAME_NONE, FRAME_GOOD, FRAME_DAMAGED };

/* One byte. After FRAME_GOOD `*out` is a frame in the reader's memory, until the next byte. */
uint8_t frame_read(struct frame_reader *reader, uint8_t byte, struct frame *out);

/* A whole frame into `wire`; returns its length. `length` is at most MAX_PAYLOAD. */
uint8_t frame_write(uint8_t wire[FRAME_WIRE], uint8_t type, uint16_t sequence, const void *payload,
                    uint8_t length);

/* CRC-16/CCITT-FALSE: polynomial 0x1021, begins at 0xffff. */
uint16_t crc16(uint16_t crc, const void *bytes, uint8_t count);

#endif
