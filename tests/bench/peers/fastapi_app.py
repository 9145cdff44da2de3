"""The three endpoints of `./dev bench api` as one writes them with FastAPI and SQLAlchemy."""

import datetime
import hashlib
import os
import uuid
from typing import Literal

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import DateTime, ForeignKey, func, select, true, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(os.environ['PEER_DATABASE'], connect_args={'host': os.environ['PGHOST']},
                             pool_size=int(os.environ['PEER_POOL']), max_overflow=0)
Session = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    type_annotation_map = {datetime.datetime: DateTime(timezone=True), uuid.UUID: UUID(as_uuid=True)}


class ApiKey(Base):
    __tablename__ = 'api_keys'
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID]
    key_hash: Mapped[bytes]
    expires_at: Mapped[datetime.datetime | None]


class Chat(Base):
    __tablename__ = 'chats'
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID]
    agent_id: Mapped[uuid.UUID | None]
    title: Mapped[str]
    session_id: Mapped[str | None]
    preview: Mapped[str]
    pinned: Mapped[bool]
    archived: Mapped[bool]
    shelf: Mapped[int]
    created_at: Mapped[datetime.datetime]
    active_at: Mapped[datetime.datetime]
    answered_at: Mapped[datetime.datetime | None]
    read_at: Mapped[datetime.datetime | None]


class Message(Base):
    __tablename__ = 'messages'
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID]
    chat_id: Mapped[uuid.UUID] = mapped_column(ForeignKey('chats.id'))
    parent_id: Mapped[uuid.UUID | None]
    role: Mapped[str]
    status: Mapped[str]
    content: Mapped[str]
    request_id: Mapped[uuid.UUID | None]
    sources: Mapped[list | None] = mapped_column(JSONB)
    hidden: Mapped[bool]
    created_at: Mapped[datetime.datetime]


class Request(Base):
    __tablename__ = 'requests'
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    chat_id: Mapped[uuid.UUID]
    status: Mapped[str]
    created_at: Mapped[datetime.datetime]
    completed_at: Mapped[datetime.datetime | None]


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ActiveRequest(Out):
    id: uuid.UUID
    status: str


class ChatOut(Out):
    id: uuid.UUID
    user_id: uuid.UUID
    agent_id: uuid.UUID | None
    title: str
    session_id: str | None
    preview: str
    unread: bool
    pinned: bool
    archived: bool
    active_request: ActiveRequest | None
    created_at: datetime.datetime
    active_at: datetime.datetime


class ChatList(BaseModel):
    data: list[ChatOut]
    next_cursor: str | None


class MessageOut(Out):
    id: uuid.UUID
    chat_id: uuid.UUID
    parent_id: uuid.UUID | None
    role: str
    status: str
    content: str
    request_id: uuid.UUID | None
    sources: list | None
    created_at: datetime.datetime


class MessageList(BaseModel):
    data: list[MessageOut]
    next_cursor: str | None


class NewMessage(BaseModel):
    model_config = ConfigDict(extra='forbid')
    role: Literal['system', 'user', 'assistant']
    content: str = Field(min_length=1, max_length=200000)


async def session():
    async with Session() as s:
        yield s


async def caller(authorization: str = Header(''), db: AsyncSession = Depends(session)):
    hash = hashlib.sha256(authorization.removeprefix('Bearer ').encode()).digest()
    user = await db.scalar(select(ApiKey.user_id).where(
        ApiKey.key_hash == hash, ApiKey.expires_at.is_(None) | (ApiKey.expires_at > func.now())))
    if user is None:
        raise HTTPException(401)
    return user


def cursor(rows, limit, at):
    return f'{getattr(rows[limit - 1], at).isoformat()},{rows[limit - 1].id}' if len(rows) > limit else None


def after(text):
    at, _, id = text.partition(',')
    return tuple_(datetime.datetime.fromisoformat(at), uuid.UUID(id))


@app.get('/api/chats', response_model=ChatList)
async def list_chats(limit: int = 20, cursor_: str | None = None, user=Depends(caller), db: AsyncSession = Depends(session)):
    active = (select(Request.id, Request.status).where(Request.chat_id == Chat.id, Request.completed_at.is_(None))
              .order_by(Request.created_at, Request.id).limit(1).lateral())
    query = (select(Chat, active.c.id, active.c.status).outerjoin(active, true())
             .where(Chat.user_id == user, Chat.shelf == 0)
             .order_by(Chat.active_at.desc(), Chat.id.desc()).limit(limit + 1))
    if cursor_:
        query = query.where(tuple_(Chat.active_at, Chat.id) < after(cursor_))
    rows = (await db.execute(query)).all()
    data = [ChatOut(id=c.id, user_id=c.user_id, agent_id=c.agent_id, title=c.title, session_id=c.session_id,
                    preview=c.preview, pinned=c.pinned, archived=c.archived, created_at=c.created_at, active_at=c.active_at,
                    unread=c.answered_at is not None and (c.read_at is None or c.answered_at > c.read_at),
                    active_request=ActiveRequest(id=id, status=status) if id else None)
            for c, id, status in rows[:limit]]
    return ChatList(data=data, next_cursor=cursor([row[0] for row in rows], limit, 'active_at'))


@app.get('/api/chats/{chat_id}/messages', response_model=MessageList)
async def list_messages(chat_id: uuid.UUID, limit: int = 20, cursor_: str | None = None, user=Depends(caller),
                        db: AsyncSession = Depends(session)):
    if await db.scalar(select(Chat.id).where(Chat.id == chat_id, Chat.user_id == user)) is None:
        raise HTTPException(404)
    query = (select(Message).where(Message.chat_id == chat_id, Message.hidden.is_(False))
             .order_by(Message.created_at, Message.id).limit(limit + 1))
    if cursor_:
        query = query.where(tuple_(Message.created_at, Message.id) > after(cursor_))
    rows = (await db.scalars(query)).all()
    return MessageList(data=rows[:limit], next_cursor=cursor(rows, limit, 'created_at'))


@app.post('/api/chats/{chat_id}/messages', response_model=MessageOut, status_code=201)
async def create_message(chat_id: uuid.UUID, body: NewMessage, user=Depends(caller), db: AsyncSession = Depends(session)):
    touched = await db.execute(update(Chat).where(Chat.id == chat_id, Chat.user_id == user)
                               .values(active_at=func.clock_timestamp(), preview=body.content[:200]))
    if touched.rowcount == 0:
        raise HTTPException(404)
    last = await db.scalar(select(Message.id).where(Message.chat_id == chat_id, Message.hidden.is_(False))
                           .order_by(Message.created_at.desc(), Message.id.desc()).limit(1))
    message = Message(id=uuid.uuid4(), user_id=user, chat_id=chat_id, parent_id=last or chat_id, role=body.role,
                      status='completed', content=body.content, hidden=False,
                      created_at=datetime.datetime.now(datetime.timezone.utc))
    db.add(message)
    await db.commit()
    return message
