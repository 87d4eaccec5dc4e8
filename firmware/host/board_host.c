/* A board that is no board: the core as a shared library for the tests, its inputs set and its outputs read
 * by them. */
#include <string.h>

#include "board.h"
#include "firmware.h"

#define LINE 4096

static struct board_inputs inputs;
static uint16_t pulses[JOINTS];
static uint8_t kept[256];
static bool storage_broken;
static uint32_t time_us, boot_id;
static uint8_t sent[LINE];
static uint32_t sent_count;

uint8_t board_init(void) { return RESET_POWER; }
uint32_t board_boot_id(void) { return boot_id; }
void board_measure(struct board_inputs *out) { *out = inputs; }
void board_pulses(const uint16_t us[JOINTS]) { memcpy(pulses, us, sizeof pulses); }
uint32_t board_time_us(void) { return time_us; }
void board_lock(void) {}
void board_unlock(void) {}
bool board_receive(uint8_t *byte) { return (void)byte, false; }
uint16_t board_lost(void) { return 0; }
void board_feed_watchdog(void) {}
void board_idle(void) {}
void board_load(void *bytes, uint8_t count) { memcpy(bytes, kept, count); }

void board_send(const uint8_t *bytes, uint8_t count) {
    for (uint8_t i = 0; i < count && sent_count < LINE; i++) {
        sent[sent_count++] = bytes[i];
    }
}

bool board_keep(const void *bytes, uint8_t count) {
    if (!storage_broken) {
        memcpy(kept, bytes, count);
    }
    return true;
}

/* ---- What the tests call ---- */

void host_start(uint32_t boot) {
    boot_id = boot;
    firmware_start(RESET_POWER);
}

void host_erase(void) { memset(kept, 0xff, sizeof kept); }

void host_spoil(uint8_t at) { kept[at] ^= 1; }

void host_break_storage(int broken) { storage_broken = broken != 0; }

void host_inputs(const struct board_inputs *now) { inputs = *now; }

void host_tick(uint16_t out_us[JOINTS]) {
    time_us += TICK_MS * 1000UL;
    firmware_tick();
    memcpy(out_us, pulses, sizeof pulses);
}

/* Bytes from the host; returns how many the firmware answered, into `answer`. */
uint32_t host_bytes(const uint8_t *bytes, uint32_t count, uint8_t answer[LINE]) {
    sent_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        firmware_byte(bytes[i]);
    }
    memcpy(answer, sent, sent_count);
    return sent_count;
}
