#include "frame.h"

#include <string.h>

uint16_t crc16(uint16_t crc, const void *bytes, uint8_t count) {
    /* Four bits at a time without a table: a frame is taken in while the next one arrives. */
    const uint8_t *byte = bytes;
    while (count--) {
        uint8_t x = (uint8_t)(crc >> 8) ^ *byte++;
        x ^= x >> 4;
        crc = (uint16_t)((uint16_t)(crc << 8) ^ (uint16_t)(x << 12) ^ (uint16_t)(x << 5) ^ x);
    }
    return crc;
}

static uint16_t u16_at(const uint8_t *bytes) { return (uint16_t)(bytes[0] | bytes[1] << 8); }

static uint8_t finish(struct frame_reader *r, struct frame *out) {
    uint8_t used = r->used;
    bool whole = !r->bad && r->left == 0;
    bool nothing = used == 0 && !r->zero_next && !r->bad && r->left == 0;
    r->used = r->left = 0;
    r->zero_next = r->bad = false;
    if (nothing) {
        return FRAME_NONE; /* two zeros in a row: how a host wakes a line */
    }
    if (!whole || used < FRAME_HEADER + 2 || r->raw[0] != VERSION || r->raw[4] != used - FRAME_HEADER - 2 ||
        crc16(0xffff, r->raw, used - 2) != u16_at(r->raw + used - 2)) {
        return FRAME_DAMAGED;
    }
    out->type = r->raw[1];
    out->sequence = u16_at(r->raw + 2);
    out->length = r->raw[4];
    out->payload = r->raw + FRAME_HEADER;
    return FRAME_GOOD;
}

static void keep(struct frame_reader *r, uint8_t byte) {
    if (r->used == sizeof r->raw) {
        r->bad = true;
    } else {
        r->raw[r->used++] = byte;
    }
}

uint8_t frame_read(struct frame_reader *r, uint8_t byte, struct frame *out) {
    if (byte == 0) {
        return finish(r, out);
    }
    if (r->bad) {
        return FRAME_NONE;
    }
    if (r->left > 0) {
        r->left--;
        keep(r, byte);
        return FRAME_NONE;
    }
    if (r->zero_next) {
        keep(r, 0);
    }
    r->left = byte - 1;
    r->zero_next = byte != 0xff;
    return FRAME_NONE;
}

uint8_t frame_write(uint8_t wire[FRAME_WIRE], uint8_t type, uint16_t sequence, const void *payload,
                    uint8_t length) {
    uint8_t raw[FRAME_RAW] = {VERSION, type, (uint8_t)sequence, (uint8_t)(sequence >> 8), length};
    memcpy(raw + FRAME_HEADER, payload, length);
    uint8_t used = FRAME_HEADER + length;
    uint16_t crc = crc16(0xffff, raw, used);
    raw[used++] = (uint8_t)crc;
    raw[used++] = (uint8_t)(crc >> 8);
    uint8_t code = 0, end = 1;
    for (uint8_t i = 0; i < used; i++) {
        if (raw[i] != 0) {
            wire[end++] = raw[i];
        } else {
            wire[code] = end - code;
            code = end++;
        }
    }
    wire[code] = end - code;
    wire[end++] = 0;
    return end;
}
