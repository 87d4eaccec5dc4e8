/* What a board has to offer, one folder each in board/. Nothing above it knows a register. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "wormctl_messages.h"

/* What is measured, as telemetry tells it. */
struct board_inputs {
    uint8_t digital; /* INPUT_ bits; an e-stop that was open at any moment since the last call is open */
    uint16_t nose[2];
    uint16_t servo_mv;
    uint16_t logic_mv;
};

/* Starts with all servo outputs low. Returns RESET_ bits. */
uint8_t board_init(void);

/* A number that no earlier start had. */
uint32_t board_boot_id(void);

/* The newest measurements; called on every tick and from nowhere else. */
void board_measure(struct board_inputs *out);

/* The pulse of every servo in us from the next frame on; 0 for none. */
void board_pulses(const uint16_t us[JOINTS]);

/* Wraps. */
uint32_t board_time_us(void);

/* Between these two no tick runs. They do not nest. */
void board_lock(void);
void board_unlock(void);

/* The serial line. `board_send` waits while there is no room. */
bool board_receive(uint8_t *byte);
void board_send(const uint8_t *bytes, uint8_t count);
uint16_t board_lost(void);

/* Memory that outlives a power cut. Slow: not while anything moves. */
void board_load(void *bytes, uint8_t count);
bool board_keep(const void *bytes, uint8_t count);

/* Called by the main loop. `board_idle` returns when there may be something to do. */
void board_feed_watchdog(void);
void board_idle(void);

/* What the board calls every TICK_MS, and what limits how long it may take. */
void firmware_tick(void);

#endif
