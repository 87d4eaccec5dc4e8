/* libFuzzer: anything on the line, and ticks between, into the whole core. Whatever comes, it must hold what
 * the safety room promises.
 *
 * The first byte of an input says what the rest is: bytes as they are, or messages that are put into frames
 * here, as no fuzzer finds a CRC. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "frame.h"

void host_start(uint32_t boot_id);
void host_erase(void);
void host_inputs(const struct board_inputs *now);
void host_tick(uint16_t out_us[JOINTS]);
uint32_t host_bytes(const uint8_t *bytes, uint32_t count, uint8_t *answer);

static void check(const uint16_t us[JOINTS]) {
    for (uint8_t j = 0; j < JOINTS; j++) {
        if (us[j] != 0 && (us[j] < PULSE_MIN_US || us[j] > PULSE_MAX_US)) {
            abort();
        }
    }
}

static void line(const uint8_t *bytes, uint32_t count) {
    static uint8_t answer[4096];
    uint16_t us[JOINTS];
    host_bytes(bytes, count, answer);
    host_tick(us);
    check(us);
}

/* Bytes as they are; a tick after every zero. */
static void raw(const uint8_t *data, size_t size) {
    while (size > 0) {
        const uint8_t *zero = memchr(data, 0, size);
        size_t piece = zero ? (size_t)(zero - data) + 1 : size;
        piece = piece > 4096 ? 4096 : piece;
        line(data, (uint32_t)piece);
        data += piece;
        size -= piece;
    }
}

/* Records of type, what to add to the sequence, length, payload. */
static void framed(const uint8_t *data, size_t size) {
    uint8_t wire[FRAME_WIRE];
    uint16_t sequence = 0;
    while (size >= 3) {
        uint8_t length = data[2] % (MAX_PAYLOAD + 1);
        if (length > size - 3) {
            return;
        }
        sequence += data[1];
        line(wire, frame_write(wire, data[0], sequence, data + 3, length));
        data += 3 + length;
        size -= 3 + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct board_inputs inputs = {0, {8000, 8000}, 5500, 7600};
    host_erase();
    host_start(1);
    host_inputs(&inputs);
    if (size > 0) {
        (data[0] & 1 ? framed : raw)(data + 1, size - 1);
    }
    return 0;
}
