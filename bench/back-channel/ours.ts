import express from 'express';
import { createOurs } from '../ours.ts';
import type { Variant } from '../variant.ts';

const ours: Variant = (settings) =>
  express().use('/backchannel-logout', createOurs(settings).backChannelLogout());

export default ours;
